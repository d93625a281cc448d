import { setTimeout as sleep } from 'node:timers/promises';

type Found<T> = T | undefined | false;

const longestPauseMs = 50;

/** What was waited for did not come in time. */
export class NotInTime extends Error {}

/**
 * Waits until `found` gives something that is neither undefined nor false; it is asked at once, soon again, and then every 50 ms.
 * @param what is waited for, in words; a function is asked when it did not come, so that it can tell what was seen instead
 * @returns what was found
 * @throws NotInTime after the deadline, and what `found` throws at once
 */
export async function eventually<T>(
  what: string | (() => string),
  found: () => Promise<Found<T>> | Found<T>,
  deadlineMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const value = await found();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs) throw new NotInTime(`not within ${deadlineMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(pauseMs);
  }
}
