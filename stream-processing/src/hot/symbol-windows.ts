/**
 * The windows of all symbols on every level: what ticks go into, what event time closes, what stragglers and gaps correct. The twin of
 * fold/symbol-fold.ts, in rows of numbers. A list is the windows of one symbol on one level: `slot × levels + level`.
 */

import { roundDerived } from '@tapeline/core/derived-values';
import { intervalMs, intervals } from '@tapeline/core/intervals';
import { type Span, touches } from '../fold/coverage.ts';
import type { Level } from '../fold/levels.ts';
import type { BarBlock } from './bar-block.ts';
import {
  closeColumn,
  endColumn,
  exactColumn,
  finalColumn,
  flagsColumn,
  highColumn,
  indicatorColumn,
  intervalColumn,
  lowColumn,
  openColumn,
  revisionColumn,
  spreadMeanColumn,
  startColumn,
  tickCountColumn,
  versionColumn,
  volumeColumn,
  vwapColumn,
} from './bar-columns.ts';
import { ClosedWindows } from './closed-windows.ts';
import { type CoverageRows, correctedBit, gapBit } from './coverage-rows.ts';
import { enlarged, moreThan, none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';
import type { TickScan } from './tick-scan.ts';
import { dayStartMs } from './trading-days.ts';
import type { VersionClock } from './version-clock.ts';
import {
  addPart,
  addTick,
  beginWithPart,
  beginWithTick,
  closeAt,
  closedStride,
  dayAt,
  dayEndAt,
  endAt,
  estimatedAt,
  flagsAt,
  highAt,
  indicatorsAt,
  lowAt,
  openAt,
  revisionAt,
  spreadCountAt,
  spreadSumAt,
  startAt,
  tickCountAt,
  turnoverAt,
  type VolumeStep,
  volumeAt,
  windowStride,
} from './window-row.ts';
import { WindowTable } from './window-table.ts';

const dayMs = intervalMs('1d');

export interface SymbolWindowsOptions {
  readonly levels: readonly Level[];
  readonly allowedLatenessMs: number;
  readonly correctionHorizonMs: number;
  readonly clock: VersionClock;
  readonly coverage: CoverageRows;
}

export class SymbolWindows {
  /** By slot: no window closes before the watermark gets here. */
  nextCloseMs = new Float64Array(64);
  /** By slot: no window above the smallest interval ends before. */
  #nextUpperMs = new Float64Array(64);
  readonly open = new WindowTable(windowStride);
  readonly closed: ClosedWindows;
  readonly #levels: number;
  readonly #lengths: Float64Array;
  /** Place of each level among all intervals. */
  readonly #places: Int32Array;
  readonly #isDay: readonly boolean[];
  readonly #parents: readonly (readonly number[])[];
  /** Levels that ticks touch. */
  readonly #sources: readonly number[];
  readonly #latenessMs: number;
  readonly #horizonMs: number;
  readonly #clock: VersionClock;
  readonly #coverage: CoverageRows;
  /** By slot: the horizon of the last time windows closed; NaN once all closed windows behind it are forgotten. */
  #forgetMs = new Float64Array(64).fill(Number.NaN);
  /** Windows on their way: one that closes or is corrected, and one that it rolls up into. */
  readonly #window = new Float64Array(closedStride);
  readonly #whole = new Float64Array(closedStride);
  #startMs = 0;
  #endMs = 0;

  constructor(options: SymbolWindowsOptions) {
    const { levels } = options;
    this.closed = new ClosedWindows(levels);
    this.#levels = levels.length;
    this.#lengths = Float64Array.from(levels, level => intervalMs(level.interval));
    this.#places = Int32Array.from(levels, level => intervals.indexOf(level.interval));
    this.#isDay = levels.map(level => level.interval === '1d');
    this.#parents = levels.map(level => level.parents);
    this.#sources = levels.flatMap((level, index) => (level.source === undefined ? [index] : []));
    this.#latenessMs = options.allowedLatenessMs;
    this.#horizonMs = options.correctionHorizonMs;
    this.#clock = options.clock;
    this.#coverage = options.coverage;
  }

  reserve(slots: number): void {
    this.open.reserve(slots * this.#levels);
    this.closed.reserve(slots * this.#levels);
    if (slots <= this.nextCloseMs.length) return;
    const length = Math.max(slots, moreThan(this.nextCloseMs.length));
    this.nextCloseMs = enlarged(this.nextCloseMs, new Float64Array(length));
    this.#nextUpperMs = enlarged(this.#nextUpperMs, new Float64Array(length));
    this.#forgetMs = enlarged(this.#forgetMs, new Float64Array(length).fill(Number.NaN));
  }

  begin(slot: number): void {
    this.nextCloseMs[slot] = Number.POSITIVE_INFINITY;
    this.#nextUpperMs[slot] = Number.POSITIVE_INFINITY;
  }

  /** True when the window of the smallest interval that a tick belongs to ended before the correction horizon. */
  isTooLate(tick: TickScan, watermarkMs: number): boolean {
    // No window of a time ends before it, save a trading day.
    if (tick.timeMs >= watermarkMs - this.#horizonMs && !this.#isDay[0]) return false;
    this.#span(0, tick.timeMs, tick.tradingDay, tick.tradingDayEndMs);
    return watermarkMs >= this.#endMs + this.#latenessMs && this.#endMs < watermarkMs - this.#horizonMs;
  }

  /** Takes a tick into the windows that ticks touch, and into closed ones above them. */
  take(slot: number, tick: TickScan, step: VolumeStep, watermarkMs: number, bars: BarBlock): void {
    const sources = this.#sources;
    for (let index = 0; index < sources.length; index += 1) this.#place(slot, sources[index] as number, tick, step, watermarkMs, bars);
  }

  /** Closes what is over, shorter windows first. */
  close(slot: number, watermarkMs: number, bars: BarBlock): void {
    const overMs = watermarkMs - this.#latenessMs;
    let earliestMs = this.#closeLevel(slot, 0, watermarkMs, bars);
    if (overMs >= (this.#nextUpperMs[slot] as number)) {
      this.#nextUpperMs[slot] = Number.POSITIVE_INFINITY;
      for (let level = 1; level < this.#levels; level += 1) {
        const endMs = this.#closeLevel(slot, level, watermarkMs, bars);
        if (endMs < (this.#nextUpperMs[slot] as number)) this.#nextUpperMs[slot] = endMs;
      }
    }
    earliestMs = Math.min(earliestMs, this.#nextUpperMs[slot] as number);
    this.nextCloseMs[slot] = earliestMs + this.#latenessMs;
    this.#forgetMs[slot] = watermarkMs - this.#horizonMs;
  }

  /** Closes what is over on a level; gives the earliest end of what stays open. */
  #closeLevel(slot: number, level: number, watermarkMs: number, bars: BarBlock): number {
    const { open } = this;
    const list = slot * this.#levels + level;
    const isDay = this.#isDay[level] as boolean;
    let earliestMs = Number.POSITIVE_INFINITY;
    let isForgetful = false;
    for (let row = open.oldest(list); row !== none; ) {
      const endMs = open.rows[row * windowStride + endAt] as number;
      const next = open.newer(row);
      if (watermarkMs >= endMs + this.#latenessMs) {
        if (this.#closeRow(slot, level, row, bars)) isForgetful = true;
      } else {
        earliestMs = Math.min(earliestMs, endMs);
        if (!isDay) break;
      }
      row = next;
    }
    if (isForgetful) this.closed.forget(list, watermarkMs - this.#horizonMs);
    return earliestMs;
  }

  /** Marks every window that the gap touches; those already given out are given out again. */
  touch(slot: number, span: Span, watermarkMs: number, bars: BarBlock): void {
    this.#forget(slot);
    this.#coverage.addGap(slot, span);
    for (let level = 0; level < this.#levels; level += 1) {
      const list = slot * this.#levels + level;
      this.#touchOpen(list, level, span);
      this.#touchClosed(slot, level, span, watermarkMs - this.#horizonMs, bars);
    }
  }

  /** What the windows of all symbols have in common. */
  header(): { readonly epochMs?: number; readonly days: readonly number[]; readonly dayEnds: readonly number[] } {
    const { epochMs, days } = this.closed.codec;
    return { ...(Number.isNaN(epochMs) ? {} : { epochMs }), days: days.days, dayEnds: days.ends };
  }

  restore(header: ReturnType<SymbolWindows['header']>): void {
    const { codec } = this.closed;
    codec.epochMs = header.epochMs ?? Number.NaN;
    for (const [index, day] of header.days.entries()) codec.days.indexOf(day, header.dayEnds[index] as number);
  }

  /** Writes all windows of a symbol. */
  write(slot: number, out: NumberWriter): void {
    this.#forget(slot);
    for (let list = slot * this.#levels; list < (slot + 1) * this.#levels; list += 1) {
      this.open.write(list, out);
      this.closed.write(list, out);
    }
  }

  /** Reads what `write` wrote into a symbol that was begun. */
  read(slot: number, from: NumberReader): void {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (let list = slot * this.#levels; list < (slot + 1) * this.#levels; list += 1) {
      this.open.read(list, from);
      this.closed.read(list, from);
      for (let row = this.open.oldest(list); row !== none; row = this.open.newer(row)) {
        const endMs = this.open.rows[row * windowStride + endAt] as number;
        earliestMs = Math.min(earliestMs, endMs);
        if (list > slot * this.#levels) this.#nextUpperMs[slot] = Math.min(this.#nextUpperMs[slot] as number, endMs);
      }
    }
    this.nextCloseMs[slot] = earliestMs + this.#latenessMs;
  }

  /** Forgets the closed windows that can no longer change: at the latest before a closed window is looked for or put in. */
  #forget(slot: number): void {
    const horizonMs = this.#forgetMs[slot] as number;
    if (Number.isNaN(horizonMs)) return;
    this.#forgetMs[slot] = Number.NaN;
    for (let level = 0; level < this.#levels; level += 1) {
      this.closed.forget(slot * this.#levels + level, horizonMs);
    }
  }

  #place(slot: number, level: number, tick: TickScan, step: VolumeStep, watermarkMs: number, bars: BarBlock): void {
    const { open } = this;
    const list = slot * this.#levels + level;
    const newest = open.newest(list) * windowStride;
    if (
      newest >= 0 &&
      !this.#isDay[level] &&
      tick.timeMs >= (open.rows[newest + startAt] as number) &&
      tick.timeMs < (open.rows[newest + endAt] as number)
    )
      return addTick(open.rows, newest, tick, step);
    this.#span(level, tick.timeMs, tick.tradingDay, tick.tradingDayEndMs);
    const startMs = this.#startMs;
    const endMs = this.#endMs;
    const row = open.find(list, startMs);
    if (row !== none) return addTick(open.rows, row * windowStride, tick, step);
    const isOver = watermarkMs >= endMs + this.#latenessMs;
    const isKnown = this.closed.mayHold(list, startMs) && this.#correct(slot, level, startMs, tick, step, bars);
    if (!isKnown && !isOver) return this.#begin(slot, level, tick, step);
    if (!isKnown) this.#beginClosed(slot, level, tick, step, bars);
    for (const parent of this.#parents[level] as readonly number[]) this.#place(slot, parent, tick, step, watermarkMs, bars);
  }

  /** A window that begins with a tick, in the span worked out last. */
  #begin(slot: number, level: number, tick: TickScan, step: VolumeStep): void {
    const base = this.#beginOpen(slot, level, this.#startMs, this.#endMs);
    beginWithTick(this.open.rows, base, tick, step);
  }

  /** A window that is over before it begins: given out at once, without indicators. */
  #beginClosed(slot: number, level: number, tick: TickScan, step: VolumeStep, bars: BarBlock): void {
    this.#forget(slot);
    const window = this.#window;
    window[startAt] = this.#startMs;
    window[endAt] = this.#endMs;
    window[flagsAt] = this.#coverage.flags(slot, this.#realStartMs(level, this.#startMs, this.#endMs), this.#endMs);
    beginWithTick(window, 0, tick, step);
    this.closed.insert(slot * this.#levels + level, window);
    this.#give(slot, level, window, bars);
  }

  /** Takes a tick into a closed window, if there is one. */
  #correct(slot: number, level: number, startMs: number, tick: TickScan, step: VolumeStep, bars: BarBlock): boolean {
    this.#forget(slot);
    const list = slot * this.#levels + level;
    const window = this.#window;
    if (!this.closed.copy(list, startMs, window)) return false;
    addTick(window, 0, tick, step);
    this.#giveAgain(slot, level, window, correctedBit, bars);
    return true;
  }

  /** Closes an open window; says whether it is time to forget closed ones. */
  #closeRow(slot: number, level: number, row: number, bars: BarBlock): boolean {
    const { open } = this;
    const list = slot * this.#levels + level;
    const window = this.#window;
    const base = row * windowStride;
    for (let column = 0; column < windowStride; column += 1) window[column] = open.rows[base + column] as number;
    open.remove(list, row);
    const isForgetful = this.closed.close(list, window);
    this.#give(slot, level, window, bars);
    for (const parent of this.#parents[level] as readonly number[]) this.#rollUp(slot, parent, window, bars);
    return isForgetful;
  }

  #rollUp(slot: number, level: number, part: Float64Array, bars: BarBlock): void {
    const { open } = this;
    const list = slot * this.#levels + level;
    this.#span(level, part[startAt] as number, part[dayAt] as number, part[dayEndAt] as number);
    const startMs = this.#startMs;
    const row = open.find(list, startMs);
    if (row !== none) return addPart(open.rows, row * windowStride, part, 0);
    if (this.closed.mayHold(list, startMs)) {
      this.#forget(slot);
      if (this.closed.copy(list, startMs, this.#whole)) {
        addPart(this.#whole, 0, part, 0);
        return this.#giveAgain(slot, level, this.#whole, correctedBit, bars);
      }
    }
    const base = this.#beginOpen(slot, level, startMs, this.#endMs);
    beginWithPart(open.rows, base, part, 0);
  }

  /** A new open window, empty but for its span and flags: where it begins in the rows. */
  #beginOpen(slot: number, level: number, startMs: number, endMs: number): number {
    const { open } = this;
    const row = open.insert(slot * this.#levels + level, startMs);
    const base = row * windowStride;
    open.rows[base + endAt] = endMs;
    open.rows[base + flagsAt] = this.#coverage.flags(slot, this.#realStartMs(level, startMs, endMs), endMs);
    if (level > 0 && endMs < (this.#nextUpperMs[slot] as number)) this.#nextUpperMs[slot] = endMs;
    const closesMs = endMs + this.#latenessMs;
    if (closesMs < (this.nextCloseMs[slot] as number)) this.nextCloseMs[slot] = closesMs;
    return base;
  }

  #touchOpen(list: number, level: number, span: Span): void {
    const { rows } = this.open;
    for (let row = this.open.oldest(list); row !== none; row = this.open.newer(row)) {
      const base = row * windowStride;
      const endMs = rows[base + endAt] as number;
      if (!touches(span, this.#realStartMs(level, rows[base + startAt] as number, endMs), endMs)) continue;
      rows[base + flagsAt] = (rows[base + flagsAt] as number) | gapBit;
    }
  }

  #touchClosed(slot: number, level: number, span: Span, horizonMs: number, bars: BarBlock): void {
    const list = slot * this.#levels + level;
    const window = this.#window;
    const starts = this.closed.starts(list);
    for (const startMs of starts) {
      this.closed.copy(list, startMs, window);
      const endMs = window[endAt] as number;
      const canChange = startMs === starts.at(-1) || endMs >= horizonMs;
      const isNew = ((window[flagsAt] as number) & gapBit) === 0;
      if (canChange && isNew && touches(span, this.#realStartMs(level, startMs, endMs), endMs))
        this.#giveAgain(slot, level, window, gapBit, bars);
    }
  }

  /** A closed window changed. */
  #giveAgain(slot: number, level: number, window: Float64Array, flag: number, bars: BarBlock): void {
    window[flagsAt] = (window[flagsAt] as number) | flag;
    window[revisionAt] = (window[revisionAt] as number) + 1;
    this.closed.replace(slot * this.#levels + level, window);
    this.#give(slot, level, window, bars);
  }

  #give(slot: number, level: number, window: Float64Array, bars: BarBlock): void {
    const base = bars.add(slot);
    const { columns } = bars;
    writeBar(columns, base, window);
    columns[base + finalColumn] = 1;
    columns[base + intervalColumn] = this.#places[level] as number;
    columns[base + versionColumn] = this.#clock.next();
  }

  /** The window of a level that holds `timeMs`, into `#startMs` and `#endMs`. */
  #span(level: number, timeMs: number, tradingDay: number, tradingDayEndMs: number): void {
    if (this.#isDay[level]) {
      this.#startMs = dayStartMs(tradingDay);
      this.#endMs = tradingDayEndMs;
      return;
    }
    const length = this.#lengths[level] as number;
    // Exact below 2^53, and a remainder of doubles is slow.
    this.#startMs = Math.floor(timeMs / length) * length;
    this.#endMs = this.#startMs + length;
  }

  #realStartMs(level: number, startMs: number, endMs: number): number {
    return this.#isDay[level] ? endMs - dayMs : startMs;
  }
}

/** The numbers of a window as those of a bar; version, state and interval are the caller's. */
export function writeBar(columns: Float64Array, base: number, window: Float64Array): void {
  const volume = window[volumeAt] as number;
  const isTraded = volume > 0;
  columns[base + openColumn] = window[openAt] as number;
  columns[base + highColumn] = window[highAt] as number;
  columns[base + lowColumn] = window[lowAt] as number;
  columns[base + closeColumn] = window[closeAt] as number;
  columns[base + volumeColumn] = volume;
  columns[base + vwapColumn] = isTraded ? roundDerived((window[turnoverAt] as number) / volume) : Number.NaN;
  columns[base + exactColumn] = isTraded && window[estimatedAt] === 0 ? 1 : 0;
  columns[base + tickCountColumn] = window[tickCountAt] as number;
  const count = window[spreadCountAt] as number;
  columns[base + spreadMeanColumn] = count === 0 ? Number.NaN : roundDerived((window[spreadSumAt] as number) / count);
  columns[base + startColumn] = window[startAt] as number;
  columns[base + endColumn] = window[endAt] as number;
  columns[base + revisionColumn] = window[revisionAt] as number;
  for (let index = 0; index < 12; index += 1) columns[base + indicatorColumn + index] = window[indicatorsAt + index] as number;
  columns[base + flagsColumn] = window[flagsAt] as number;
}
