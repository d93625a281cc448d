/**
 * A window in few bytes: about 25 for a quiet second, where its row of numbers has 200. Times stand relative to the window's start,
 * prices relative to the open in units of their last digit, the trading day as its place in a table. Every row comes back as it was.
 */
import { intervalMs } from '@tapeline/core/intervals';
import type { Level } from '../fold/levels.ts';
import { mantissaOf, PackedReader, PackedWriter, placesOf, priceOf } from './packed-bytes.ts';
import { dayStartMs } from './trading-days.ts';
import {
  asClosedAt,
  closeAt,
  closeSequenceAt,
  closeSessionAt,
  closeTimeAt,
  dayAt,
  dayEndAt,
  endAt,
  estimatedAt,
  flagsAt,
  highAt,
  indicatorsAt,
  lowAt,
  openAt,
  openSequenceAt,
  openSessionAt,
  openTimeAt,
  revisionAt,
  spreadCountAt,
  spreadSumAt,
  startAt,
  tickCountAt,
  turnoverAt,
  volumeAt,
} from './window-row.ts';

// The first byte.
const singlePoint = 0x01;
const plainHigh = 0x02;
const plainLow = 0x04;
const hasVolume = 0x08;
const plainTurnover = 0x10;
const isEstimated = 0x20;
const hasSpread = 0x40;
const isOneTick = 0x80;
// The second byte, over the digits after the point.
const placesBits = 0x0f;
const rawPrices = 0x0f;
const allSpread = 0x10;
const hasHistory = 0x20;
const neverClosed = 0x40;
const changedPrices = 0x80;

const indicatorCount = 12;
const dayMs = intervalMs('1d');

/** Trading days, each with its end, as few small numbers. */
export class DayTable {
  readonly days: number[] = [];
  readonly ends: number[] = [];
  #last = 0;

  indexOf(day: number, endMs: number): number {
    if (this.days[this.#last] === day && this.ends[this.#last] === endMs) return this.#last;
    for (let index = this.days.length - 1; index >= 0; index -= 1) {
      if (this.days[index] !== day || this.ends[index] !== endMs) continue;
      this.#last = index;
      return index;
    }
    this.days.push(day);
    this.ends.push(endMs);
    this.#last = this.days.length - 1;
    return this.#last;
  }
}

export class WindowCodec {
  readonly writer = new PackedWriter();
  readonly reader = new PackedReader();
  readonly days = new DayTable();
  /** Starts of windows are told from this midnight; NaN until the first is. */
  epochMs = Number.NaN;
  readonly #lengths: Float64Array;
  readonly #isDay: readonly boolean[];
  /** Digits after the point of the last row: a good guess for the next. */
  #places = 2;

  constructor(levels: readonly Level[]) {
    this.#lengths = Float64Array.from(levels, level => intervalMs(level.interval));
    this.#isDay = levels.map(level => level.interval === '1d');
  }

  /** Writes a row behind what the writer has. */
  write(level: number, row: Float64Array): void {
    const { writer } = this;
    if (Number.isNaN(this.epochMs)) this.epochMs = Math.floor((row[startAt] as number) / dayMs) * dayMs;
    const places = this.#placesOf(row);
    const first = firstByte(row);
    const second = secondByte(row, places);
    writer.byte(first);
    writer.byte(second);
    this.#writeStart(level, row);
    this.#writePrices(row, places, (first & singlePoint) !== 0);
    if (second & changedPrices) for (let column = 0; column < 3; column += 1) writer.raw(row[asClosedAt + column] as number);
    this.#writePlace(row, (first & singlePoint) !== 0);
    this.#writeSums(row, first, second);
    if (second & hasHistory) {
      writer.byte(row[flagsAt] as number);
      writer.whole(row[revisionAt] as number);
    }
    if (this.#isDay[level]) for (let column = 0; column < indicatorCount; column += 1) writer.raw(row[indicatorsAt + column] as number);
  }

  /** The start of the window at whose row the reader stands. */
  readStart(level: number): number {
    this.reader.at += 2;
    return this.#readStart(level);
  }

  #readStart(level: number): number {
    const units = this.reader.signed();
    return this.#isDay[level] ? dayStartMs(units) : this.epochMs + units * (this.#lengths[level] as number);
  }

  /** Reads of the row at which the reader stands only its start and the prices, those as it closed too. */
  readPrices(level: number, row: Float64Array): void {
    const first = this.reader.byte();
    const second = this.reader.byte();
    row[startAt] = this.#readStart(level);
    this.#readPrices(row, second & placesBits, first);
    this.#readAsClosed(row, second);
  }

  /** Reads the row at which the reader stands; indicators only where they are written (see {@link ClosedWindows}). */
  read(level: number, row: Float64Array): void {
    const { reader } = this;
    const first = reader.bytes[reader.at] as number;
    const second = reader.bytes[reader.at + 1] as number;
    this.readPrices(level, row);
    this.#readPlace(level, row, (first & singlePoint) !== 0);
    this.#readSums(row, first, second);
    row[flagsAt] = second & hasHistory ? reader.byte() : 0;
    row[revisionAt] = second & hasHistory ? reader.whole() : 0;
    if (this.#isDay[level]) for (let column = 0; column < indicatorCount; column += 1) row[indicatorsAt + column] = reader.raw();
  }

  #writeStart(level: number, row: Float64Array): void {
    if (this.#isDay[level]) this.writer.signed(row[dayAt] as number);
    else this.writer.signed(((row[startAt] as number) - this.epochMs) / (this.#lengths[level] as number));
  }

  #writePlace(row: Float64Array, isSingle: boolean): void {
    const { writer } = this;
    const at = (column: number): number => row[column] as number;
    writer.whole(this.days.indexOf(at(dayAt), at(dayEndAt)));
    writer.signed(at(openTimeAt) - at(startAt));
    writer.whole(at(openSessionAt));
    writer.whole(at(openSequenceAt));
    if (isSingle) return;
    writer.signed(at(closeTimeAt) - at(openTimeAt));
    writer.signed(at(closeSessionAt) - at(openSessionAt));
    writer.signed(at(closeSequenceAt) - at(openSequenceAt));
  }

  #writeSums(row: Float64Array, first: number, second: number): void {
    const { writer } = this;
    const places = (second & placesBits) === rawPrices ? 2 : second & placesBits;
    if (first & hasVolume) writer.near(row[volumeAt] as number, 0);
    if (!(first & plainTurnover)) writer.near(row[turnoverAt] as number, places);
    if (!(first & isOneTick)) writer.whole(row[tickCountAt] as number);
    if (!(first & hasSpread)) return;
    if (!(second & allSpread)) writer.whole(row[spreadCountAt] as number);
    writer.near(row[spreadSumAt] as number, places);
  }

  #readPlace(level: number, row: Float64Array, isSingle: boolean): void {
    const { reader } = this;
    const startMs = row[startAt] as number;
    const day = reader.whole();
    const dayEndMs = this.days.ends[day] as number;
    row[dayAt] = this.days.days[day] as number;
    row[dayEndAt] = dayEndMs;
    row[endAt] = this.#isDay[level] ? dayEndMs : startMs + (this.#lengths[level] as number);
    row[openTimeAt] = startMs + reader.signed();
    row[openSessionAt] = reader.whole();
    row[openSequenceAt] = reader.whole();
    row[closeTimeAt] = (row[openTimeAt] as number) + (isSingle ? 0 : reader.signed());
    row[closeSessionAt] = (row[openSessionAt] as number) + (isSingle ? 0 : reader.signed());
    row[closeSequenceAt] = (row[openSequenceAt] as number) + (isSingle ? 0 : reader.signed());
  }

  #writePrices(row: Float64Array, places: number, isSingle: boolean): void {
    const { writer } = this;
    if (places < 0) {
      for (const column of [openAt, highAt, lowAt, closeAt]) writer.raw(row[column] as number);
      return;
    }
    const open = mantissaOf(row[openAt] as number, places);
    writer.whole(open);
    if (isSingle) return;
    const close = mantissaOf(row[closeAt] as number, places);
    writer.signed(close - open);
    const above = mantissaOf(row[highAt] as number, places) - Math.max(open, close);
    const below = Math.min(open, close) - mantissaOf(row[lowAt] as number, places);
    if (above > 0) writer.whole(above);
    if (below > 0) writer.whole(below);
  }

  #readPrices(row: Float64Array, places: number, first: number): void {
    const { reader } = this;
    if (places === rawPrices) {
      for (const column of [openAt, highAt, lowAt, closeAt]) row[column] = reader.raw();
      return;
    }
    const open = reader.whole();
    const close = first & singlePoint ? open : open + reader.signed();
    row[openAt] = priceOf(open, places);
    row[closeAt] = close === open ? (row[openAt] as number) : priceOf(close, places);
    row[highAt] =
      first & plainHigh ? Math.max(row[openAt] as number, row[closeAt] as number) : priceOf(Math.max(open, close) + reader.whole(), places);
    row[lowAt] =
      first & plainLow ? Math.min(row[openAt] as number, row[closeAt] as number) : priceOf(Math.min(open, close) - reader.whole(), places);
  }

  #readSums(row: Float64Array, first: number, second: number): void {
    const { reader } = this;
    const volume = first & hasVolume ? reader.near() : Number.NaN;
    row[volumeAt] = volume;
    row[turnoverAt] = first & plainTurnover ? plainTurnoverOf(volume, row[closeAt] as number) : reader.near();
    row[estimatedAt] = first & isEstimated ? 1 : 0;
    const count = first & isOneTick ? 1 : reader.whole();
    row[tickCountAt] = count;
    row[spreadCountAt] = 0;
    row[spreadSumAt] = 0;
    if (!(first & hasSpread)) return;
    row[spreadCountAt] = second & allSpread ? count : reader.whole();
    row[spreadSumAt] = reader.near();
  }

  #readAsClosed(row: Float64Array, second: number): void {
    if (second & neverClosed) {
      row[asClosedAt] = row[asClosedAt + 1] = row[asClosedAt + 2] = Number.NaN;
    } else if (second & changedPrices) {
      for (let column = 0; column < 3; column += 1) row[asClosedAt + column] = this.reader.raw();
    } else {
      row[asClosedAt] = row[highAt] as number;
      row[asClosedAt + 1] = row[lowAt] as number;
      row[asClosedAt + 2] = row[closeAt] as number;
    }
  }

  /** Digits after the point that all prices of a row can do with, or −1. */
  #placesOf(row: Float64Array): number {
    let places = this.#places;
    for (let column = highAt; column <= closeAt && places >= 0; column += 1) places = placesOf(row[column] as number, places);
    if (places >= 0) places = placesOf(row[openAt] as number, places);
    if (places >= 0) this.#places = places > 4 ? 2 : places;
    return places;
  }
}

function firstByte(row: Float64Array): number {
  const at = (column: number): number => row[column] as number;
  const volume = at(volumeAt);
  let bits = isSinglePoint(row) ? singlePoint : 0;
  if (at(highAt) === Math.max(at(openAt), at(closeAt))) bits |= plainHigh;
  if (at(lowAt) === Math.min(at(openAt), at(closeAt))) bits |= plainLow;
  if (!Number.isNaN(volume)) bits |= hasVolume;
  if (at(turnoverAt) === plainTurnoverOf(volume, at(closeAt))) bits |= plainTurnover;
  if (at(estimatedAt) === 1) bits |= isEstimated;
  if (at(spreadCountAt) > 0) bits |= hasSpread;
  return at(tickCountAt) === 1 ? bits | isOneTick : bits;
}

function secondByte(row: Float64Array, places: number): number {
  let bits = places < 0 ? rawPrices : places;
  if (row[spreadCountAt] === row[tickCountAt]) bits |= allSpread;
  if (row[revisionAt] !== 0 || row[flagsAt] !== 0) bits |= hasHistory;
  if (Number.isNaN(row[asClosedAt])) return bits | neverClosed;
  return isAsClosed(row) ? bits : bits | changedPrices;
}

/** The turnover of a window whose volume was all shown at its last price. */
function plainTurnoverOf(volume: number, close: number): number {
  return volume > 0 ? close * volume : 0;
}

function isSinglePoint(row: Float64Array): boolean {
  const open = row[openAt] as number;
  return (
    row[closeSequenceAt] === row[openSequenceAt] &&
    row[closeTimeAt] === row[openTimeAt] &&
    row[closeSessionAt] === row[openSessionAt] &&
    row[closeAt] === open &&
    row[highAt] === open &&
    row[lowAt] === open
  );
}

function isAsClosed(row: Float64Array): boolean {
  return row[asClosedAt] === row[highAt] && row[asClosedAt + 1] === row[lowAt] && row[asClosedAt + 2] === row[closeAt];
}
