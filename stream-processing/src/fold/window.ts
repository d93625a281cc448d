/**
 * What a window has gathered: enough to take in ticks in any order, to roll up into a longer window, and to become a bar.
 * Plain data, because it stands in snapshots as it is.
 */
import { type Bar, type BarFlag, type Indicators, orderedFlags } from '@tapeline/core/bars';
import { roundDerived } from '@tapeline/core/derived-values';
import type { Interval } from '@tapeline/core/intervals';
import type { Tick } from '@tapeline/core/records';

/** Place of a tick among the ticks of its symbol: by time, then session, then sequence. */
export interface TickOrder {
  readonly timeMs: number;
  readonly session: number;
  readonly sequence: number;
}

export interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly tradingDay: string;
  readonly tradingDayEndMs: number;
  open: number;
  openAt: TickOrder;
  high: number;
  low: number;
  close: number;
  closeAt: TickOrder;
  /** `undefined` until a tick could be compared with a baseline. */
  volume?: number;
  /** Sum of price × volume, and of the volume, of the ticks that showed some. */
  turnover: number;
  turnoverVolume: number;
  /** Part of the turnover is an estimate: from increases of the day's volume, not from sizes of trades. */
  estimated: boolean;
  tickCount: number;
  spreadSum: number;
  spreadCount: number;
  flags: BarFlag[];
  revision: number;
  closed: boolean;
  indicators?: Indicators;
}

/** What a tick adds to the volume of its window; `undefined` when there was nothing to compare it with. */
export interface VolumeStep {
  readonly volume: number;
  readonly exact: boolean;
}

/** Orders two ticks of a symbol: negative when `a` comes first. */
export function compareOrder(a: TickOrder, b: TickOrder): number {
  return a.timeMs - b.timeMs || a.session - b.session || a.sequence - b.sequence;
}

/** A window that begins with this tick. */
export function windowFrom(
  tick: Tick,
  step: VolumeStep | undefined,
  span: { startMs: number; endMs: number },
  flags: readonly BarFlag[],
): Window {
  const at: TickOrder = { timeMs: tick.timeMs, session: tick.session, sequence: tick.sequence };
  const window: Window = {
    startMs: span.startMs,
    endMs: span.endMs,
    tradingDay: tick.tradingDay,
    tradingDayEndMs: tick.tradingDayEndMs,
    open: tick.price,
    openAt: at,
    high: tick.price,
    low: tick.price,
    close: tick.price,
    closeAt: at,
    turnover: 0,
    turnoverVolume: 0,
    estimated: false,
    tickCount: 0,
    spreadSum: 0,
    spreadCount: 0,
    flags: [...flags],
    revision: 0,
    closed: false,
  };
  addTick(window, tick, step);
  return window;
}

/** Takes one tick in, wherever it belongs in the order. */
export function addTick(window: Window, tick: Tick, step: VolumeStep | undefined): void {
  if (compareOrder(tick, window.openAt) < 0) {
    window.open = tick.price;
    window.openAt = { timeMs: tick.timeMs, session: tick.session, sequence: tick.sequence };
  }
  if (compareOrder(tick, window.closeAt) >= 0) {
    window.close = tick.price;
    window.closeAt = { timeMs: tick.timeMs, session: tick.session, sequence: tick.sequence };
  }
  window.high = Math.max(window.high, tick.price);
  window.low = Math.min(window.low, tick.price);
  window.tickCount += 1;
  if (tick.bid !== undefined && tick.ask !== undefined) {
    window.spreadSum += tick.ask - tick.bid;
    window.spreadCount += 1;
  }
  if (step === undefined) return;
  window.volume = (window.volume ?? 0) + step.volume;
  if (step.volume === 0) return;
  window.estimated ||= !step.exact;
  window.turnover += tick.price * step.volume;
  window.turnoverVolume += step.volume;
}

/** A longer window that begins with a shorter one. */
export function windowFromWindow(part: Window, span: { startMs: number; endMs: number }, flags: readonly BarFlag[]): Window {
  const { indicators: _, ...gathered } = part;
  return { ...gathered, ...span, flags: [...flags], revision: 0, closed: false };
}

/** Takes a shorter window in. */
export function addWindow(window: Window, part: Window): void {
  if (compareOrder(part.openAt, window.openAt) < 0) {
    window.open = part.open;
    window.openAt = part.openAt;
  }
  if (compareOrder(part.closeAt, window.closeAt) > 0) {
    window.close = part.close;
    window.closeAt = part.closeAt;
  }
  window.high = Math.max(window.high, part.high);
  window.low = Math.min(window.low, part.low);
  window.tickCount += part.tickCount;
  window.spreadSum += part.spreadSum;
  window.spreadCount += part.spreadCount;
  if (part.volume !== undefined) window.volume = (window.volume ?? 0) + part.volume;
  window.estimated ||= part.estimated;
  window.turnover += part.turnover;
  window.turnoverVolume += part.turnoverVolume;
}

/** Adds a flag; says whether it was new. */
export function addFlag(window: Window, flag: BarFlag): boolean {
  if (window.flags.includes(flag)) return false;
  window.flags = [...orderedFlags([...window.flags, flag])];
  return true;
}

/** The bar that a window is now. */
export function barOf(window: Window, symbol: string, interval: Interval, versionUs: number): Bar {
  const traded = window.turnoverVolume > 0;
  return {
    symbol,
    interval,
    startMs: window.startMs,
    endMs: window.endMs,
    open: window.open,
    high: window.high,
    low: window.low,
    close: window.close,
    ...(window.volume === undefined ? {} : { volume: window.volume }),
    ...(traded ? { vwap: roundDerived(window.turnover / window.turnoverVolume), vwapKind: window.estimated ? 'estimate' : 'exact' } : {}),
    tickCount: window.tickCount,
    ...(window.spreadCount === 0 ? {} : { spreadMean: roundDerived(window.spreadSum / window.spreadCount) }),
    state: window.closed ? 'final' : 'forming',
    flags: window.flags,
    revision: window.revision,
    versionUs,
    ...(window.indicators === undefined ? {} : { indicators: window.indicators }),
  };
}
