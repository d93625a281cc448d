/**
 * Closed windows that can still be corrected, and always the last one of each list, with the indicators of their close.
 *
 * The indicators are not kept but worked out again when a correction asks for them: from the state before the oldest window that is
 * kept (`behind`) and the prices of the windows as they closed. Lists that close often keep the state behind the newest one, too
 * (`current`). A trading day may end in another order than it begins, so days keep their indicators as they are.
 */
import { intervalMs } from '@tapeline/core/intervals';
import type { Level } from '../fold/levels.ts';
import { IndicatorRows } from './indicator-rows.ts';
import { indicatorStride, readIndicators, stepIndicators } from './indicator-state.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';
import { PackedWindows } from './packed-windows.ts';
import { WindowCodec } from './window-codec.ts';
import { asClosedAt, closeAt, closedStride, endAt, highAt, indicatorsAt, lowAt, startAt } from './window-row.ts';

/** Windows that end within so long are forgotten together. */
const forgetTogetherMs = 8_000;
/** Shorter intervals keep their current state. */
const longMs = intervalMs('1m');

export class ClosedWindows {
  readonly codec: WindowCodec;
  readonly #windows: PackedWindows;
  readonly #current = new IndicatorRows();
  readonly #behind = new IndicatorRows();
  readonly #levels: number;
  readonly #isDay: readonly boolean[];
  readonly #lengths: Float64Array;
  readonly #keepsCurrent: readonly boolean[];
  readonly #state = new Float64Array(indicatorStride);
  readonly #row = new Float64Array(closedStride);

  constructor(levels: readonly Level[]) {
    this.codec = new WindowCodec(levels);
    this.#levels = levels.length;
    this.#windows = new PackedWindows(this.codec, levels.length);
    this.#isDay = levels.map(level => level.interval === '1d');
    this.#lengths = Float64Array.from(levels, level => intervalMs(level.interval));
    this.#keepsCurrent = levels.map(level => level.interval === '1d' || intervalMs(level.interval) < longMs);
  }

  reserve(lists: number): void {
    this.#windows.reserve(lists);
    this.#current.reserve(lists);
    this.#behind.reserve(lists);
  }

  /** False when the list surely has no window that begins at `startMs`: none of its windows begins so late. */
  mayHold(list: number, startMs: number): boolean {
    return this.#windows.newestStartMs(list) >= startMs;
  }

  /**
   * Puts a window that closes in its place, and the indicators known at its close into it. Says whether it is time to forget windows:
   * short ones are forgotten a few at once, because that costs less.
   */
  close(list: number, window: Float64Array): boolean {
    const state = this.#state;
    const beforeMs = this.#windows.newestStartMs(list);
    const keepsCurrent = this.#keepsCurrent[list % this.#levels] as boolean;
    if (keepsCurrent) this.#current.load(list, state);
    else this.#replay(list, Number.POSITIVE_INFINITY);
    window[asClosedAt] = window[highAt] as number;
    window[asClosedAt + 1] = window[lowAt] as number;
    window[asClosedAt + 2] = window[closeAt] as number;
    stepBy(state, window);
    readIndicators(state, window, indicatorsAt);
    if (keepsCurrent) this.#current.storeNext(list, state);
    this.#windows.put(list, window);
    const spanMs = Math.max(forgetTogetherMs, this.#lengths[list % this.#levels] as number);
    return Math.floor(beforeMs / spanMs) !== Math.floor((window[startAt] as number) / spanMs);
  }

  /** Puts a window that was over before it began in its place: it has no indicators. */
  insert(list: number, window: Float64Array): void {
    window.fill(Number.NaN, indicatorsAt);
    this.#windows.put(list, window);
  }

  /** Takes the place of the window that begins with it. */
  replace(list: number, window: Float64Array): void {
    this.#windows.put(list, window);
  }

  /** Copies the window that begins at `startMs` into `window`; false when there is none. */
  copy(list: number, startMs: number, window: Float64Array): boolean {
    const { reader } = this.#windows;
    const end = this.#windows.begin(list);
    while (reader.at < end) {
      this.#windows.read(list, window);
      if ((window[startAt] as number) < startMs) continue;
      if (window[startAt] !== startMs) return false;
      if (!this.#isDay[list % this.#levels]) this.#recall(list, startMs, window);
      return true;
    }
    return false;
  }

  /** Begins of a list's windows, oldest first. */
  starts(list: number): number[] {
    const starts: number[] = [];
    const { reader } = this.#windows;
    const end = this.#windows.begin(list);
    while (reader.at < end) {
      this.#windows.readPrices(list, this.#row);
      starts.push(this.#row[startAt] as number);
    }
    return starts;
  }

  /** Forgets windows that ended before `horizonMs`, but not the last one. */
  forget(list: number, horizonMs: number): void {
    if (this.#isDay[list % this.#levels]) return this.#forgetDays(list, horizonMs);
    const row = this.#row;
    const { reader } = this.#windows;
    const lengthMs = this.#lengths[list % this.#levels] as number;
    const newestMs = this.#windows.newestStartMs(list);
    const end = this.#windows.begin(list);
    let next = reader.at;
    let steps = 0;
    while (reader.at < end) {
      this.#windows.readPrices(list, row);
      if (!((row[startAt] as number) + lengthMs < horizonMs) || row[startAt] === newestMs) break;
      if (steps === 0) this.#behind.load(list, this.#state);
      if (stepBy(this.#state, row)) steps += 1;
      next = reader.at;
    }
    this.#windows.dropTo(list, next);
    if (steps === 1) this.#behind.storeNext(list, this.#state);
    else if (steps > 1) this.#behind.store(list, this.#state);
  }

  /** Writes a list. */
  write(list: number, out: NumberWriter): void {
    const bytes = this.#windows.bytes(list);
    out.add(this.#windows.newestStartMs(list));
    out.addBytes(bytes);
    this.#writeState(this.#current, list, out);
    this.#writeState(this.#behind, list, out);
  }

  /** Reads what `write` wrote into an empty list. */
  read(list: number, from: NumberReader): void {
    const newestStartMs = from.next();
    const bytes = from.nextBytes();
    if (bytes.length > 0) this.#windows.restore(list, bytes, newestStartMs);
    this.#readState(this.#current, list, from);
    this.#readState(this.#behind, list, from);
  }

  /** Days end in any order. */
  #forgetDays(list: number, horizonMs: number): void {
    const kept: Float64Array[] = [];
    const newestMs = this.#windows.newestStartMs(list);
    const { reader } = this.#windows;
    const end = this.#windows.begin(list);
    let count = 0;
    while (reader.at < end) {
      const row = new Float64Array(closedStride);
      this.#windows.read(list, row);
      count += 1;
      if (row[startAt] === newestMs || !((row[endAt] as number) < horizonMs)) kept.push(row);
    }
    if (kept.length === count) return;
    this.#windows.dropTo(list, end);
    for (const row of kept) this.#windows.put(list, row);
  }

  /** The state of a list behind the windows that begin before `startMs`, into `#state`. */
  #replay(list: number, startMs: number): void {
    const row = this.#row;
    this.#behind.load(list, this.#state);
    const { reader } = this.#windows;
    const end = this.#windows.begin(list);
    while (reader.at < end) {
      this.#windows.readPrices(list, row);
      if ((row[startAt] as number) >= startMs) return;
      stepBy(this.#state, row);
    }
  }

  /** The indicators of a window as it closed, into it. */
  #recall(list: number, startMs: number, window: Float64Array): void {
    if (Number.isNaN(window[asClosedAt])) {
      window.fill(Number.NaN, indicatorsAt);
      return;
    }
    this.#replay(list, startMs);
    stepBy(this.#state, window);
    readIndicators(this.#state, window, indicatorsAt);
  }

  #writeState(rows: IndicatorRows, list: number, out: NumberWriter): void {
    out.add(rows.has(list) ? 1 : 0);
    if (!rows.has(list)) return;
    rows.load(list, this.#state);
    out.addRow(this.#state, 0, indicatorStride);
  }

  #readState(rows: IndicatorRows, list: number, from: NumberReader): void {
    if (from.next() === 0) return;
    from.nextRow(this.#state, 0, indicatorStride);
    rows.store(list, this.#state);
  }
}

/** One step with the prices with which a window closed; false when it never did, because it was over before it began. */
function stepBy(state: Float64Array, window: Float64Array): boolean {
  const high = window[asClosedAt] as number;
  if (Number.isNaN(high)) return false;
  stepIndicators(state, high, window[asClosedAt + 1] as number, window[asClosedAt + 2] as number);
  return true;
}
