/** What is said of many samples. */

export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
}

/** @throws RangeError when there is none. */
export function distributionOf(samples: Iterable<number>): Distribution {
  const sorted = [...samples].sort((a, b) => a - b);
  if (sorted.length === 0) throw new RangeError('there are no samples, expected one at least: nothing was measured');
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), highest: at(1) };
}

/** Least, middle and greatest of a few measurements. */
export function spreadOf(values: readonly number[]): { readonly min: number; readonly median: number; readonly max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
  return { min: sorted[0] ?? Number.NaN, median, max: sorted.at(-1) ?? Number.NaN };
}
