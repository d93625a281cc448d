/** What the doctor finds: one line a check. */

/**
 * - `ok`: it is as it should be
 * - `warning`: it works, and something will go wrong or is worse than it could be
 * - `fault`: something does not work
 * - `skipped`: it could not be looked at, and why; changes no verdict
 */
export type FindingStatus = 'ok' | 'warning' | 'fault' | 'skipped';

export interface Finding {
  /** What was looked at: `kafka`, `feed.heartbeat`. */
  readonly check: string;
  readonly status: FindingStatus;
  readonly what: string;
  /** How to mend it; absent where `what` says so itself, and where nothing is to be mended. */
  readonly remedy?: string;
}

export function ok(check: string, what: string): Finding {
  return { check, status: 'ok', what };
}

export function warning(check: string, what: string, remedy?: string): Finding {
  return { check, status: 'warning', what, ...(remedy === undefined ? {} : { remedy }) };
}

export function fault(check: string, what: string, remedy?: string): Finding {
  return { check, status: 'fault', what, ...(remedy === undefined ? {} : { remedy }) };
}

export function skipped(check: string, what: string): Finding {
  return { check, status: 'skipped', what };
}

/** All that is wrong, or that nothing is. */
export function foundOr(good: Finding, wrong: readonly Finding[]): readonly Finding[] {
  return wrong.length > 0 ? wrong : [good];
}

/** A span of time for people: `12 s`, `3 min`, `5 h`, `2 days`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, ms / 1_000);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
