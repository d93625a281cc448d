/** What the fold knows of each symbol besides its windows, in rows of numbers: last ticks, volume baseline, owner, event time. */

import { enlarged, moreThan, none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';
import {
  askColumn,
  bidColumn,
  dayVolumeColumn,
  priceColumn,
  receivedTimeColumn,
  sequenceColumn,
  sessionColumn,
  sizeColumn,
  sourceTimeColumn,
  TickScan,
  timeColumn,
  tradingDayColumn,
  tradingDayEndColumn,
} from './tick-scan.ts';
import type { VolumeStep } from './window-row.ts';

const priceAt = 0;
const bidAt = 1;
const askAt = 2;
const dayVolumeAt = 3;
const sizeAt = 4;
const sourceTimeAt = 5;
/** Columns that tell whether a tick repeats another. */
const repeatedColumns = 6;
const receivedTimeAt = 6;
const timeAt = 7;
const sessionAt = 8;
const sequenceAt = 9;
const dayAt = 10;
const dayEndAt = 11;
const versionAt = 12;
const baseVolumeAt = 13;
/** 0 while there is no baseline. */
const baseSessionAt = 14;
const baseFeedAt = 15;
const baseDayAt = 16;
const baseTimeAt = 17;
/** 0 while no tick was heard. */
const heardSessionAt = 18;
const heardSequenceAt = 19;

export const symbolStride = 20;

/** The previous tick is the latest one, too. */
const isLatest = -2;

export class SymbolRows {
  /** Index of the feed that owns the symbol, or {@link none}; of the one whose heartbeats close its windows. */
  owners = new Int32Array(64);
  timeFeeds = new Int32Array(64);
  watermarks = new Float64Array(64);
  #rows = new Float64Array(64 * symbolStride);
  /** Feeds of the latest tick and of the last one heard. */
  #latestFeeds = new Int32Array(64);
  #heardFeeds = new Int32Array(64);
  /** Previous ticks that are not the latest: a symbol's row among `#previous`, `isLatest` or none. */
  #previousRows = new Int32Array(64);
  #previous = new Float64Array(16 * repeatedColumns);
  #previousUsed = 0;
  readonly #previousFree: number[] = [];

  reserve(slots: number): void {
    if (slots <= this.owners.length) return;
    const length = Math.max(slots, moreThan(this.owners.length));
    this.owners = enlarged(this.owners, new Int32Array(length));
    this.timeFeeds = enlarged(this.timeFeeds, new Int32Array(length));
    this.watermarks = enlarged(this.watermarks, new Float64Array(length));
    this.#rows = enlarged(this.#rows, new Float64Array(length * symbolStride));
    this.#latestFeeds = enlarged(this.#latestFeeds, new Int32Array(length));
    this.#heardFeeds = enlarged(this.#heardFeeds, new Int32Array(length));
    this.#previousRows = enlarged(this.#previousRows, new Int32Array(length));
  }

  begin(slot: number): void {
    this.owners[slot] = none;
    this.timeFeeds[slot] = none;
    this.watermarks[slot] = 0;
    this.#latestFeeds[slot] = none;
    this.#heardFeeds[slot] = none;
    this.#previousRows[slot] = none;
  }

  hasHeard(slot: number): boolean {
    return this.#heardFeeds[slot] !== none;
  }

  /** True when the last tick that was heard is of this session. */
  isSameSession(slot: number, feed: number, session: number): boolean {
    return this.#heardFeeds[slot] === feed && this.#rows[slot * symbolStride + heardSessionAt] === session;
  }

  heardSequence(slot: number): number {
    return this.#rows[slot * symbolStride + heardSequenceAt] as number;
  }

  hear(slot: number, feed: number, tick: TickScan): void {
    const base = slot * symbolStride;
    this.#heardFeeds[slot] = feed;
    this.#rows[base + heardSessionAt] = tick.session;
    this.#rows[base + heardSequenceAt] = tick.sequence;
  }

  /** True when a tick says nothing that the one before did not: vendors send the last price again on a new session. */
  repeats(slot: number, tick: TickScan): boolean {
    const previous = this.#previousRows[slot] as number;
    if (previous === none) return false;
    const rows = previous === isLatest ? this.#rows : this.#previous;
    const base = previous === isLatest ? slot * symbolStride : previous * repeatedColumns;
    return (
      rows[base + priceAt] === tick.price &&
      rows[base + sourceTimeAt] === tick.sourceTimeMs &&
      isSame(rows[base + bidAt] as number, tick.bid) &&
      isSame(rows[base + askAt] as number, tick.ask) &&
      isSame(rows[base + dayVolumeAt] as number, tick.dayVolume) &&
      isSame(rows[base + sizeAt] as number, tick.size)
    );
  }

  /** Keeps a tick as the previous one that is not the latest. */
  keepPrevious(slot: number, tick: TickScan): void {
    let row = this.#previousRows[slot] as number;
    if (row < 0) row = this.#newPrevious(slot);
    store(this.#previous, row * repeatedColumns, tick);
  }

  /** Keeps a taken tick as the previous one, and as the latest when it comes last in the order of ticks; says whether it does. */
  keep(slot: number, feed: number, tick: TickScan, versionUs: number): boolean {
    const base = slot * symbolStride;
    const rows = this.#rows;
    if (this.#latestFeeds[slot] !== none && isBefore(tick, rows, base)) {
      this.keepPrevious(slot, tick);
      return false;
    }
    store(rows, base, tick);
    rows[base + receivedTimeAt] = tick.receivedTimeMs;
    rows[base + timeAt] = tick.timeMs;
    rows[base + sessionAt] = tick.session;
    rows[base + sequenceAt] = tick.sequence;
    rows[base + dayAt] = tick.tradingDay;
    rows[base + dayEndAt] = tick.tradingDayEndMs;
    rows[base + versionAt] = versionUs;
    this.#latestFeeds[slot] = feed;
    const previous = this.#previousRows[slot] as number;
    if (previous >= 0) this.#previousFree.push(previous);
    this.#previousRows[slot] = isLatest;
    return true;
  }

  /** The volume that a tick shows: the twin of fold/day-volume.ts. */
  readVolume(slot: number, feed: number, tick: TickScan, step: VolumeStep): void {
    const { size, dayVolume } = tick;
    step.exact = !Number.isNaN(size);
    step.volume = size;
    if (step.exact || Number.isNaN(dayVolume)) return;
    const rows = this.#rows;
    const base = slot * symbolStride;
    const before = rows[base + baseVolumeAt] as number;
    if (rows[base + baseSessionAt] !== tick.session || rows[base + baseFeedAt] !== feed) {
      rows[base + baseVolumeAt] = dayVolume;
      rows[base + baseSessionAt] = tick.session;
      rows[base + baseFeedAt] = feed;
      rows[base + baseDayAt] = tick.tradingDay;
      rows[base + baseTimeAt] = tick.timeMs;
      return;
    }
    step.volume = 0;
    const day = rows[base + baseDayAt] as number;
    if (tick.tradingDay < day) return;
    if (dayVolume >= before) step.volume = dayVolume - before;
    else if (tick.tradingDay > day) step.volume = dayVolume;
    else if (tick.timeMs < (rows[base + baseTimeAt] as number)) return;
    rows[base + baseVolumeAt] = dayVolume;
    rows[base + baseDayAt] = tick.tradingDay;
    if (tick.timeMs > (rows[base + baseTimeAt] as number)) rows[base + baseTimeAt] = tick.timeMs;
  }

  /** Index of the feed of the latest tick, or {@link none} when there is no tick yet. */
  latestFeed(slot: number): number {
    return this.#latestFeeds[slot] as number;
  }

  /** Version of the row of the latest tick. */
  latestVersionUs(slot: number): number {
    return this.#rows[slot * symbolStride + versionAt] as number;
  }

  /** The latest tick's numbers. */
  latest(slot: number): TickScan {
    const tick = new TickScan();
    const at = (column: number): number => this.#rows[slot * symbolStride + column] as number;
    tick.values[sessionColumn] = at(sessionAt);
    tick.values[sequenceColumn] = at(sequenceAt);
    tick.values[priceColumn] = at(priceAt);
    tick.values[bidColumn] = at(bidAt);
    tick.values[askColumn] = at(askAt);
    tick.values[dayVolumeColumn] = at(dayVolumeAt);
    tick.values[sizeColumn] = at(sizeAt);
    tick.values[sourceTimeColumn] = at(sourceTimeAt);
    tick.values[receivedTimeColumn] = at(receivedTimeAt);
    tick.values[timeColumn] = at(timeAt);
    tick.values[tradingDayColumn] = at(dayAt);
    tick.values[tradingDayEndColumn] = at(dayEndAt);
    return tick;
  }

  /** Writes all of a symbol; the feeds are indexes. */
  write(slot: number, out: NumberWriter): void {
    const previous = this.#previousRows[slot] as number;
    out.add(this.owners[slot] as number);
    out.add(this.timeFeeds[slot] as number);
    out.add(this.watermarks[slot] as number);
    out.add(this.#latestFeeds[slot] as number);
    out.add(this.#heardFeeds[slot] as number);
    out.addRow(this.#rows, slot * symbolStride, (slot + 1) * symbolStride);
    out.add(Math.min(previous, 0));
    if (previous >= 0) out.addRow(this.#previous, previous * repeatedColumns, (previous + 1) * repeatedColumns);
  }

  /** Reads what `write` wrote into a symbol that was begun. */
  read(slot: number, from: NumberReader): void {
    this.owners[slot] = from.next();
    this.timeFeeds[slot] = from.next();
    this.watermarks[slot] = from.next();
    this.#latestFeeds[slot] = from.next();
    this.#heardFeeds[slot] = from.next();
    from.nextRow(this.#rows, slot * symbolStride, (slot + 1) * symbolStride);
    this.#previousRows[slot] = from.next();
    if (this.#previousRows[slot] !== 0) return;
    const row = this.#newPrevious(slot);
    from.nextRow(this.#previous, row * repeatedColumns, (row + 1) * repeatedColumns);
  }

  #newPrevious(slot: number): number {
    const free = this.#previousFree.pop();
    const row = free ?? this.#previousUsed;
    if (free === undefined) this.#previousUsed += 1;
    if (this.#previousUsed * repeatedColumns > this.#previous.length) {
      this.#previous = enlarged(this.#previous, new Float64Array(2 * this.#previous.length));
    }
    this.#previousRows[slot] = row;
    return row;
  }
}

function store(rows: Float64Array, base: number, tick: TickScan): void {
  rows[base + priceAt] = tick.price;
  rows[base + bidAt] = tick.bid;
  rows[base + askAt] = tick.ask;
  rows[base + dayVolumeAt] = tick.dayVolume;
  rows[base + sizeAt] = tick.size;
  rows[base + sourceTimeAt] = tick.sourceTimeMs;
}

function isBefore(tick: TickScan, rows: Float64Array, base: number): boolean {
  const timeMs = rows[base + timeAt] as number;
  if (tick.timeMs !== timeMs) return tick.timeMs < timeMs;
  const session = rows[base + sessionAt] as number;
  if (tick.session !== session) return tick.session < session;
  return tick.sequence < (rows[base + sequenceAt] as number);
}

function isSame(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}
