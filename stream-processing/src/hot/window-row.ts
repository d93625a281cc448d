/**
 * A window as a row of doubles, and its arithmetic: the twin of fold/window.ts, operation by operation, because sums of doubles
 * depend on their order. Functions take the array and where the row begins in it.
 */
import type { TickScan } from './tick-scan.ts';

export const startAt = 0;
export const endAt = 1;
export const dayAt = 2;
export const dayEndAt = 3;
export const openAt = 4;
export const openTimeAt = 5;
export const openSessionAt = 6;
export const openSequenceAt = 7;
export const highAt = 8;
export const lowAt = 9;
export const closeAt = 10;
export const closeTimeAt = 11;
export const closeSessionAt = 12;
export const closeSequenceAt = 13;
/** NaN until a tick could be compared with a baseline. It is the volume of the turnover, too: what adds nothing adds 0 to both. */
export const volumeAt = 14;
export const turnoverAt = 15;
/** 1 when part of the turnover is an estimate: from increases of the day's volume, not from sizes of trades. */
export const estimatedAt = 16;
export const tickCountAt = 17;
export const spreadSumAt = 18;
export const spreadCountAt = 19;
/** Bits as in bar-columns.ts. */
export const flagsAt = 20;
export const revisionAt = 21;

export const windowStride = 22;

/** A closed window has the indicators of its close behind it, NaN where absent. */
export const indicatorsAt = windowStride;
/** High, low and close as they were at its close, which its indicators came from; NaN when it was over before it began. */
export const asClosedAt = indicatorsAt + 12;
export const closedStride = asClosedAt + 3;

/** What a tick adds to the volume of its windows. */
export interface VolumeStep {
  /** NaN when there was nothing to compare it with. */
  volume: number;
  exact: boolean;
}

/** A window that begins with this tick; its start, end and flags are set by the caller. */
export function beginWithTick(rows: Float64Array, base: number, tick: TickScan, step: VolumeStep): void {
  rows[base + dayAt] = tick.tradingDay;
  rows[base + dayEndAt] = tick.tradingDayEndMs;
  rows[base + openAt] = tick.price;
  rows[base + openTimeAt] = tick.timeMs;
  rows[base + openSessionAt] = tick.session;
  rows[base + openSequenceAt] = tick.sequence;
  rows[base + highAt] = tick.price;
  rows[base + lowAt] = tick.price;
  rows[base + closeAt] = tick.price;
  rows[base + closeTimeAt] = tick.timeMs;
  rows[base + closeSessionAt] = tick.session;
  rows[base + closeSequenceAt] = tick.sequence;
  rows[base + volumeAt] = Number.NaN;
  rows[base + turnoverAt] = 0;
  rows[base + estimatedAt] = 0;
  rows[base + tickCountAt] = 0;
  rows[base + spreadSumAt] = 0;
  rows[base + spreadCountAt] = 0;
  rows[base + revisionAt] = 0;
  addTick(rows, base, tick, step);
}

/** Takes one tick in, wherever it belongs in the order. */
export function addTick(rows: Float64Array, base: number, tick: TickScan, step: VolumeStep): void {
  const { price } = tick;
  if (isBefore(tick, rows, base + openTimeAt)) {
    rows[base + openAt] = price;
    rows[base + openTimeAt] = tick.timeMs;
    rows[base + openSessionAt] = tick.session;
    rows[base + openSequenceAt] = tick.sequence;
  }
  if (!isBefore(tick, rows, base + closeTimeAt)) {
    rows[base + closeAt] = price;
    rows[base + closeTimeAt] = tick.timeMs;
    rows[base + closeSessionAt] = tick.session;
    rows[base + closeSequenceAt] = tick.sequence;
  }
  if (price > (rows[base + highAt] as number)) rows[base + highAt] = price;
  if (price < (rows[base + lowAt] as number)) rows[base + lowAt] = price;
  rows[base + tickCountAt] = (rows[base + tickCountAt] as number) + 1;
  const spread = tick.ask - tick.bid;
  if (!Number.isNaN(spread)) {
    rows[base + spreadSumAt] = (rows[base + spreadSumAt] as number) + spread;
    rows[base + spreadCountAt] = (rows[base + spreadCountAt] as number) + 1;
  }
  const { volume } = step;
  if (Number.isNaN(volume)) return;
  const before = rows[base + volumeAt] as number;
  rows[base + volumeAt] = (!Number.isNaN(before) ? before : 0) + volume;
  if (volume === 0) return;
  if (!step.exact) rows[base + estimatedAt] = 1;
  rows[base + turnoverAt] = (rows[base + turnoverAt] as number) + price * volume;
}

/** A longer window that begins with a shorter one; its start, end and flags are set by the caller. */
export function beginWithPart(rows: Float64Array, base: number, part: Float64Array, from: number): void {
  for (let column = dayAt; column < flagsAt; column += 1) rows[base + column] = part[from + column] as number;
  rows[base + revisionAt] = 0;
}

/** Takes a shorter window in. */
export function addPart(rows: Float64Array, base: number, part: Float64Array, from: number): void {
  if (compareOrder(part, from + openTimeAt, rows, base + openTimeAt) < 0) copyPoint(part, from + openAt, rows, base + openAt);
  if (compareOrder(part, from + closeTimeAt, rows, base + closeTimeAt) > 0) copyPoint(part, from + closeAt, rows, base + closeAt);
  rows[base + highAt] = Math.max(rows[base + highAt] as number, part[from + highAt] as number);
  rows[base + lowAt] = Math.min(rows[base + lowAt] as number, part[from + lowAt] as number);
  rows[base + tickCountAt] = (rows[base + tickCountAt] as number) + (part[from + tickCountAt] as number);
  rows[base + spreadSumAt] = (rows[base + spreadSumAt] as number) + (part[from + spreadSumAt] as number);
  rows[base + spreadCountAt] = (rows[base + spreadCountAt] as number) + (part[from + spreadCountAt] as number);
  const volume = part[from + volumeAt] as number;
  if (!Number.isNaN(volume)) {
    const before = rows[base + volumeAt] as number;
    rows[base + volumeAt] = (!Number.isNaN(before) ? before : 0) + volume;
  }
  if (part[from + estimatedAt] === 1) rows[base + estimatedAt] = 1;
  rows[base + turnoverAt] = (rows[base + turnoverAt] as number) + (part[from + turnoverAt] as number);
}

/** True when the tick comes before the point (time, session, sequence) at `at`. */
function isBefore(tick: TickScan, rows: Float64Array, at: number): boolean {
  const timeMs = rows[at] as number;
  if (tick.timeMs !== timeMs) return tick.timeMs < timeMs;
  const session = rows[at + 1] as number;
  if (tick.session !== session) return tick.session < session;
  return tick.sequence < (rows[at + 2] as number);
}

function compareOrder(a: Float64Array, from: number, b: Float64Array, to: number): number {
  return (
    (a[from] as number) - (b[to] as number) ||
    (a[from + 1] as number) - (b[to + 1] as number) ||
    (a[from + 2] as number) - (b[to + 2] as number)
  );
}

/** Copies a price and its place in the order. */
function copyPoint(from: Float64Array, at: number, to: Float64Array, into: number): void {
  for (let column = 0; column < 4; column += 1) to[into + column] = from[at + column] as number;
}
