/** A hybrid logical clock that only the log drives: it rises with every record. */

/** The highest version given out so far. */
export let versionUs: f64 = 0;
let isFree: bool = false;

export function setVersionUs(value: f64): void {
  versionUs = value;
}

/** A record came. */
// @ts-ignore: decorator
@inline
export function advanceClock(receivedTimeMs: f64): void {
  versionUs = max<f64>(versionUs + 1, receivedTimeMs * 1_000);
  isFree = true;
}

/** The record's own version for its first output, one more for each further: no two outputs of a partition share one. */
// @ts-ignore: decorator
@inline
export function nextVersion(): f64 {
  if (!isFree) versionUs += 1;
  isFree = false;
  return versionUs;
}
