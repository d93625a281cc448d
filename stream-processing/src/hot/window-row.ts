/**
 * A window as a row of doubles, as the engine keeps it (engine/window-row.ts), and how a longer one takes a shorter one in: the twin of
 * fold/window.ts, operation by operation, because sums of doubles depend on their order.
 */
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
/** NaN until a tick could be compared with a baseline. */
export const volumeAt = 14;
export const turnoverAt = 15;
/** 1 when part of the turnover is an estimate. */
export const estimatedAt = 16;
export const tickCountAt = 17;
export const spreadSumAt = 18;
export const spreadCountAt = 19;
/** Bits as in bar-columns.ts. */
export const flagsAt = 20;
export const revisionAt = 21;

export const windowStride = 22;

/** A longer window that begins with a shorter one; its start, end and flags are set by the caller. */
export function beginWithPart(row: Float64Array, part: Float64Array): void {
  for (let column = dayAt; column < flagsAt; column += 1) row[column] = part[column] as number;
  row[revisionAt] = 0;
}

/** Takes a shorter window in. */
export function addPart(row: Float64Array, part: Float64Array): void {
  if (compareOrder(part, row, openTimeAt) < 0) copyPoint(part, row, openAt);
  if (compareOrder(part, row, closeTimeAt) > 0) copyPoint(part, row, closeAt);
  row[highAt] = Math.max(row[highAt] as number, part[highAt] as number);
  row[lowAt] = Math.min(row[lowAt] as number, part[lowAt] as number);
  for (const column of [tickCountAt, spreadSumAt, spreadCountAt, turnoverAt])
    row[column] = (row[column] as number) + (part[column] as number);
  const volume = part[volumeAt] as number;
  const before = row[volumeAt] as number;
  if (!Number.isNaN(volume)) row[volumeAt] = (Number.isNaN(before) ? 0 : before) + volume;
  if (part[estimatedAt] === 1) row[estimatedAt] = 1;
}

function compareOrder(a: Float64Array, b: Float64Array, at: number): number {
  return (
    (a[at] as number) - (b[at] as number) || (a[at + 1] as number) - (b[at + 1] as number) || (a[at + 2] as number) - (b[at + 2] as number)
  );
}

/** Copies a price and its place in the order. */
function copyPoint(from: Float64Array, to: Float64Array, at: number): void {
  for (let column = 0; column < 4; column += 1) to[at + column] = from[at + column] as number;
}
