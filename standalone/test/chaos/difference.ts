/** What a check found wrong, with all that a person needs to look further. */

export const checks = [
  'sent by the vendor',
  'acknowledged to an ingester',
  'ticks',
  'bars',
  'latest prices',
  'alerts',
  'gaps',
  'dead letters',
  'offsets',
  'recovery',
  'run',
] as const;
export type Check = (typeof checks)[number];

export interface Difference {
  readonly check: Check;
  readonly what: string;
  readonly symbol?: string;
  /** As `1m 2026-11-21T20:10:00.000Z`. */
  readonly window?: string;
  readonly partition?: number | undefined;
  readonly offset?: number | undefined;
  /** What the log gives, and what was found. */
  readonly expected?: unknown;
  readonly found?: unknown;
  /** When it happened, as far as that is known: the steps around it are looked up by this. */
  readonly timeMs?: number;
}

/** More of one kind only fill the screen. */
const mostOfOne = 12;

/** Differences of a run: all are counted, the first ones of each check are kept. */
export class Differences {
  readonly kept: Difference[] = [];
  readonly counts = new Map<Check, number>();

  add(difference: Difference): void {
    const count = (this.counts.get(difference.check) ?? 0) + 1;
    this.counts.set(difference.check, count);
    if (count <= mostOfOne) this.kept.push(difference);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }
}
