/** The fold of one symbol: its windows on every level, what closes them, what corrects them. */
import type { Bar, BarFlag } from '@tapeline/core/bars';
import { intervalMs } from '@tapeline/core/intervals';
import type { Tick } from '@tapeline/core/records';
import { type Coverage, coverageFlags, coverageFrom, letGo, type Span, touches } from './coverage.ts';
import { readVolume, type VolumeBaseline } from './day-volume.ts';
import { emptyIndicators, type IndicatorState, nextIndicators } from './indicators.ts';
import { type FoldOptions, type Level, realStartMs, windowOf } from './levels.ts';
import { addFlag, addTick, addWindow, barOf, compareOrder, type VolumeStep, type Window, windowFrom, windowFromWindow } from './window.ts';

interface LevelState {
  /** Open windows and closed ones that can still be corrected, and always the last closed one; by `startMs`. */
  windows: Window[];
  indicators: IndicatorState;
}

/** Plain data: what a snapshot holds of a symbol. */
export interface SymbolState {
  readonly symbol: string;
  /** The feed that owns the symbol. */
  owner?: string;
  /** The feed whose heartbeats close its windows: the owner, or the last one. */
  timeFeed?: string;
  watermarkMs: number;
  coverage: Coverage;
  baseline?: VolumeBaseline;
  /** The tick that came last in the log, and the one that comes last in the order of ticks. */
  previous?: Tick;
  latest?: Tick;
  /** Feed and session of the last tick that came, a late one included. */
  heard?: { readonly feed: string; readonly session: number; readonly sequence: number };
  readonly levels: LevelState[];
}

export type BarSink = (window: Window, interval: Bar['interval']) => void;

/**
 * - `late`: beyond the horizon
 * - `repeated`: a last price that the vendor sent again, first thing in a new session
 * - `duplicate`: a record that stands in the log twice, because a write was repeated
 */
export type TickOutcome = 'taken' | 'late' | 'repeated' | 'duplicate';

export class SymbolFold {
  readonly state: SymbolState;
  readonly #levels: readonly Level[];
  readonly #options: FoldOptions;
  /** No window closes before the watermark gets here; derived, so it is no part of the state. */
  #nextCloseMs: number;

  constructor(state: SymbolState, levels: readonly Level[], options: FoldOptions) {
    this.state = state;
    this.#levels = levels;
    this.#options = options;
    this.#nextCloseMs = this.#earliestClose();
  }

  static first(symbol: string, sinceMs: number, levels: readonly Level[], options: FoldOptions): SymbolFold {
    const states = levels.map(() => ({ windows: [], indicators: emptyIndicators() }));
    return new SymbolFold({ symbol, watermarkMs: 0, coverage: coverageFrom(sinceMs), levels: states }, levels, options);
  }

  /** Takes a tick into its windows; corrected bars go to `sink`. Any outcome but `taken` changes no bar. */
  take(tick: Tick, sink: BarSink): TickOutcome {
    const { state } = this;
    const { previous, heard } = state;
    const isNewSession = heard !== undefined && (heard.feed !== tick.feed || heard.session !== tick.session);
    if (heard !== undefined && !isNewSession && tick.sequence <= heard.sequence) return 'duplicate';
    state.heard = { feed: tick.feed, session: tick.session, sequence: tick.sequence };
    if (isNewSession && previous !== undefined && repeats(previous, tick)) {
      state.baseline = readVolume(tick, state.baseline).baseline;
      state.previous = tick;
      return 'repeated';
    }
    if (this.#isTooLate(tick)) return 'late';
    const reading = readVolume(tick, state.baseline);
    state.baseline = reading.baseline;
    state.previous = tick;
    if (state.latest === undefined || compareOrder(tick, state.latest) >= 0) state.latest = tick;
    for (let index = 0; index < this.#levels.length; index += 1) {
      if (this.#levels[index]?.source === undefined) this.#place(index, tick, reading.step, sink);
    }
    return 'taken';
  }

  /** The next cumulative volume is a baseline only: what was traded until then belongs to a gap. */
  forgetVolume(): void {
    this.state.baseline = undefined;
  }

  /** Event time moves on: closes what is over, shorter windows first, and lets go of what can no longer change. */
  advance(watermarkMs: number, sink: BarSink): void {
    if (watermarkMs <= this.state.watermarkMs) return;
    this.state.watermarkMs = watermarkMs;
    if (watermarkMs >= this.#nextCloseMs) this.#closeWhatIsOver(sink);
    letGo(this.state.coverage, this.#earliestEndMs());
  }

  /** Marks every window that the gap touches; those already given out are given out again. */
  touch(span: Span, sink: BarSink): void {
    this.state.coverage.gaps.push(span);
    for (let index = 0; index < this.#levels.length; index += 1) {
      const { interval } = this.#level(index);
      const lastClosed = this.#lastClosed(index);
      for (const window of this.#windows(index)) {
        if (window.closed && window !== lastClosed && !this.#isInHorizon(window.endMs)) continue;
        if (!touches(span, realStartMs(interval, window), window.endMs) || !addFlag(window, 'gap')) continue;
        if (window.closed) this.#giveOutAgain(index, window, sink);
      }
    }
  }

  /** The bars of an interval that are still open, oldest first; copies that change nothing. */
  open(levelIndex: number): Bar[] {
    const interval = this.#level(levelIndex).interval;
    return this.#openWindows(levelIndex).map(window => barOf(window, this.state.symbol, interval, 0));
  }

  #closeWhatIsOver(sink: BarSink): void {
    for (let index = 0; index < this.#levels.length; index += 1) {
      for (const window of this.#windows(index)) {
        if (!window.closed && this.#isOver(window.endMs)) this.#close(index, window, sink);
      }
      this.#forget(index);
    }
    this.#nextCloseMs = this.#earliestClose();
  }

  #place(index: number, tick: Tick, step: VolumeStep | undefined, sink: BarSink): void {
    const { interval, parents } = this.#level(index);
    const span = windowOf(interval, tick.timeMs, tick.tradingDay, tick.tradingDayEndMs);
    let window = this.#find(index, span.startMs);
    if (window === undefined) {
      window = windowFrom(tick, step, span, this.#coverageFlags(interval, span));
      window.closed = this.#isOver(span.endMs);
      this.#insert(index, window);
      if (window.closed) sink(window, interval);
    } else {
      addTick(window, tick, step);
      if (window.closed) this.#giveOutAgain(index, window, sink, 'corrected');
    }
    if (!window.closed) return;
    for (const parent of parents) this.#place(parent, tick, step, sink);
  }

  #close(index: number, window: Window, sink: BarSink): void {
    const { interval, parents } = this.#level(index);
    const known = nextIndicators(this.#levelState(index).indicators, window);
    window.closed = true;
    if (known !== undefined) window.indicators = known;
    sink(window, interval);
    for (const parent of parents) this.#rollUp(parent, window, sink);
  }

  #rollUp(index: number, part: Window, sink: BarSink): void {
    const { interval } = this.#level(index);
    const span = windowOf(interval, part.startMs, part.tradingDay, part.tradingDayEndMs);
    const window = this.#find(index, span.startMs);
    if (window === undefined) {
      this.#insert(index, windowFromWindow(part, span, this.#coverageFlags(interval, span)));
      return;
    }
    addWindow(window, part);
    if (window.closed) this.#giveOutAgain(index, window, sink, 'corrected');
  }

  #giveOutAgain(index: number, window: Window, sink: BarSink, flag?: BarFlag): void {
    if (flag !== undefined) addFlag(window, flag);
    window.revision += 1;
    sink(window, this.#level(index).interval);
  }

  #openWindows(index: number): Window[] {
    const open = this.#windows(index)
      .filter(window => !window.closed)
      .map(window => ({ ...window }));
    const { interval, source } = this.#level(index);
    if (source === undefined) return open;
    for (const part of this.#openWindows(source)) {
      const span = windowOf(interval, part.startMs, part.tradingDay, part.tradingDayEndMs);
      const whole = open.find(window => window.startMs === span.startMs);
      if (whole !== undefined) addWindow(whole, part);
      else open.push(windowFromWindow(part, span, this.#coverageFlags(interval, span)));
    }
    return open.sort((a, b) => a.startMs - b.startMs);
  }

  #coverageFlags(interval: Bar['interval'], span: { readonly startMs: number; readonly endMs: number }): readonly BarFlag[] {
    return coverageFlags(this.state.coverage, realStartMs(interval, span), span.endMs);
  }

  #isOver(endMs: number): boolean {
    return this.state.watermarkMs >= endMs + this.#options.allowedLatenessMs;
  }

  #isTooLate(tick: Tick): boolean {
    const { endMs } = windowOf(this.#level(0).interval, tick.timeMs, tick.tradingDay, tick.tradingDayEndMs);
    return this.#isOver(endMs) && !this.#isInHorizon(endMs);
  }

  #isInHorizon(endMs: number): boolean {
    return endMs >= this.state.watermarkMs - this.#options.correctionHorizonMs;
  }

  /** No window that ends before can begin any more; a day that ticks touch may end within the smallest window that still takes them. */
  #earliestEndMs(): number {
    const { allowedLatenessMs, correctionHorizonMs } = this.#options;
    return this.state.watermarkMs - Math.max(allowedLatenessMs, correctionHorizonMs) - intervalMs(this.#level(0).interval);
  }

  #lastClosed(index: number): Window | undefined {
    return this.#windows(index).findLast(window => window.closed);
  }

  #forget(index: number): void {
    const state = this.#levelState(index);
    const lastClosed = this.#lastClosed(index);
    const isKept = (window: Window): boolean => !window.closed || window === lastClosed || this.#isInHorizon(window.endMs);
    if (!state.windows.every(isKept)) state.windows = state.windows.filter(isKept);
  }

  #earliestClose(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const { windows } of this.state.levels) {
      for (const window of windows) if (!window.closed && window.endMs < earliestMs) earliestMs = window.endMs;
    }
    return earliestMs + this.#options.allowedLatenessMs;
  }

  #insert(index: number, window: Window): void {
    const windows = this.#windows(index);
    let at = windows.length;
    while (at > 0 && (windows[at - 1] as Window).startMs > window.startMs) at -= 1;
    windows.splice(at, 0, window);
    if (!window.closed) this.#nextCloseMs = Math.min(this.#nextCloseMs, window.endMs + this.#options.allowedLatenessMs);
  }

  #find(index: number, startMs: number): Window | undefined {
    return this.#windows(index).findLast(window => window.startMs === startMs);
  }

  #windows(index: number): Window[] {
    return this.#levelState(index).windows;
  }

  #levelState(index: number): LevelState {
    return this.state.levels[index] as LevelState;
  }

  #level(index: number): Level {
    return this.#levels[index] as Level;
  }
}

/** True when a tick says nothing that the one before did not: vendors send the last price again on a new session. */
function repeats(previous: Tick, tick: Tick): boolean {
  return (
    previous.price === tick.price &&
    previous.sourceTimeMs === tick.sourceTimeMs &&
    previous.bid === tick.bid &&
    previous.ask === tick.ask &&
    previous.dayVolume === tick.dayVolume &&
    previous.size === tick.size
  );
}
