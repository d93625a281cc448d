/** How a snapshot's state is known to be whole. */
import { createHash } from 'node:crypto';
import { PipelineError } from '@tapeline/core/errors';
import type { SnapshotKey } from './market-store.ts';

/** SHA-256 of the state, in hexadecimal. */
export function checksumOf(state: Uint8Array): string {
  return createHash('sha256').update(state).digest('hex');
}

/** The error for a snapshot whose state is not what was saved. */
export function snapshotInvalid(key: SnapshotKey, detail: string): PipelineError {
  return new PipelineError(
    'snapshot.invalid',
    `the snapshot of ${key.topic}/${key.partition} for ${key.consumerGroup} is damaged: ${detail}: restore the store from a backup, or run tapeline rebuild, which makes a new generation of the tables from the log`,
    { retriable: false, fields: { ...key } },
  );
}
