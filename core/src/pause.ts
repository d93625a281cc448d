/** Waits that a signal cuts short. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits `durationMs`, or until `signal` aborts; never rejects. */
export async function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Only an abort gets here.
  }
}
