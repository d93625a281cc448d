/** How fast something grows, told of many samples some of which are far off: Theil's and Sen's line, with Sen's interval. */

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** In units of the value for a second. */
export interface Slope {
  readonly perSecond: number;
  /** Ends of the 95 % interval, for samples that do not hang together. */
  readonly low: number;
  readonly high: number;
  /** Middle of the samples' values. */
  readonly median: number;
}

const normalQuantile = 1.959_964;

/**
 * The middle of the slopes of all pairs (P. K. Sen, 1968): up to 29 % of the samples may be anything. Takes memory and time by the square
 * of their number: a few thousand at most.
 * @throws RangeError for fewer than three samples.
 */
export function slopeOf(samples: readonly Sample[]): Slope {
  const count = samples.length;
  if (count < 3) throw new RangeError(`a slope needs three samples at least, there are ${count}: measure for longer`);
  const slopes = new Float64Array((count * (count - 1)) / 2);
  let pairs = 0;
  for (const [index, first] of samples.entries()) {
    for (const later of samples.slice(index + 1)) {
      if (later.atMs === first.atMs) continue;
      slopes[pairs] = ((later.value - first.value) / (later.atMs - first.atMs)) * 1_000;
      pairs += 1;
    }
  }
  const sorted = slopes.subarray(0, pairs).sort();
  // How far off the middle a rank may be, by the spread of Kendall's statistic.
  const spread = normalQuantile * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (rank: number): number => sorted[Math.min(pairs - 1, Math.max(0, Math.round(rank)))] ?? Number.NaN;
  return {
    perSecond: middleOf(sorted),
    low: at((pairs - spread) / 2 - 1),
    high: at((pairs + spread) / 2),
    median: middleOf(Float64Array.from(samples, ({ value }) => value).sort()),
  };
}

export interface Flatness {
  readonly slope: Slope;
  /** What it would grow by in an hour. */
  readonly perHour: number;
  /** Less than this counts as flat: 3 % of it, or 10 MiB when that is more. */
  readonly most: number;
  readonly isFlat: boolean;
}

const flatShare = 0.03;
const flatBytes = 10 * 2 ** 20;

/** Whether memory, in bytes, stays as it is; judged by the samples given, so leave out what comes before it is warm. */
export function flatnessOf(samples: readonly Sample[]): Flatness {
  const slope = slopeOf(samples);
  const perHour = slope.perSecond * 3_600;
  const most = Math.max(flatBytes, slope.median * flatShare);
  return { slope, perHour, most, isFlat: perHour < most };
}

/** The last five sixths of the time. */
export function afterWarmUp<T extends { readonly atMs: number }>(samples: readonly T[]): readonly T[] {
  const [first, last] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0];
  return samples.filter(({ atMs }) => atMs >= first + (last - first) / 6);
}

function middleOf(sorted: Float64Array): number {
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
