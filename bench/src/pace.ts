/** How fast prices come, piece by piece. */

/** So many a second, for so long; 0 a second is quiet. */
export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
}

/** How many are due that long after the begin, in whole prices; never more than there are in all. */
export function dueAfter(paces: readonly Pace[], elapsedMs: number): number {
  let due = 0;
  let leftSeconds = elapsedMs / 1_000;
  for (const { perSecond, seconds } of paces) {
    due += perSecond * Math.max(0, Math.min(leftSeconds, seconds));
    leftSeconds -= seconds;
  }
  // Of a third three make one.
  return Math.floor(due + 1e-6);
}

export function secondsOf(paces: readonly Pace[]): number {
  return paces.reduce((sum, { seconds }) => sum + seconds, 0);
}
