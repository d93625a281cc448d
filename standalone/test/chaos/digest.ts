/** What tells a record of a partition from all others, in few characters. */
import { hash } from 'node:crypto';

/** The partition, a space, and 20 characters of a digest of the value. */
export function digestOf(partition: number, value: Uint8Array): string {
  return `${partition} ${hash('sha1', value, 'base64url').slice(0, 20)}`;
}
