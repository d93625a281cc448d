/** The oracle's bars: each value from its definition in DESIGN.md §3, out of all ticks of the window at once. */
import { type Bar, type BarFlag, barFlags, type Indicators } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import type { HistoryRecord, Tick } from '@tapeline/core/records';

/** A tick that counts, and what it says about volume: DESIGN.md §3, row `volume`. */
export interface CountedTick {
  readonly tick: Tick;
  /** `undefined` when it could not be compared with a baseline. */
  readonly volume: number | undefined;
}

export interface OracleWindow {
  readonly interval: Interval;
  readonly startMs: number;
  readonly endMs: number;
  /** When it really begins: a trading day does so a day before its end. */
  readonly fromMs: number;
}

const seconds: Readonly<Record<Interval, number>> = {
  '1s': 1,
  '5s': 5,
  '15s': 15,
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3_600,
  '1d': 86_400,
};

/** Milliseconds of an interval. */
export function lengthOf(interval: Interval): number {
  return seconds[interval] * 1_000;
}

/** The window that a tick falls into: aligned to UTC, or its trading day. */
export function windowOfTick(tick: Tick, interval: Interval): OracleWindow {
  const length = lengthOf(interval);
  if (interval === '1d') {
    const endMs = tick.tradingDayEndMs;
    return { interval, startMs: new Date(tick.tradingDay).getTime(), endMs, fromMs: endMs - length };
  }
  const startMs = Math.floor(tick.timeMs / length) * length;
  return { interval, startMs, endMs: startMs + length, fromMs: startMs };
}

/** The smallest window that the last tick of a record's window would fall into: of a trading day it may end after it. */
export function lastWindowIn({ interval, endMs }: HistoryRecord, smallest: Interval): { readonly endMs: number } {
  if (smallest === '1d') return { endMs };
  const lastMs = interval === '1d' || lengthOf(interval) < lengthOf(smallest) ? endMs - 1 : endMs - lengthOf(smallest);
  return { endMs: (Math.floor(lastMs / lengthOf(smallest)) + 1) * lengthOf(smallest) };
}

/** The bar that a history record tells; `versionUs` is 0. */
export function barOfHistory(record: HistoryRecord): Bar {
  const { v: _, kind: __, source: ___, action: ____, gap: _____, receivedTimeMs: ______, ...told } = record;
  return { ...told, flags: barFlags.filter(flag => told.flags.includes(flag)), state: 'final', versionUs: 0 };
}

/** By time, then session, then sequence; ticks of two feeds that agree in all of them as they stand in the log. */
export function inOrder(ticks: readonly CountedTick[]): readonly CountedTick[] {
  return [...ticks].sort(({ tick: a }, { tick: b }) => a.timeMs - b.timeMs || a.session - b.session || a.sequence - b.sequence);
}

/**
 * What each tick of one session says about volume, in the order of the log.
 * @param ticks those of one feed and session without a break, that have a `dayVolume`
 */
export function dayVolumeSteps(ticks: readonly Tick[]): readonly (number | undefined)[] {
  return ticks.map((tick, index) => {
    const setters = baselineSetters(ticks.slice(0, index));
    const baseline = setters.at(-1);
    if (baseline === undefined) return undefined;
    if (tick.tradingDay < baseline.tradingDay) return 0;
    const increase = dayVolumeOf(tick) - dayVolumeOf(baseline);
    if (increase >= 0) return increase;
    return tick.tradingDay > baseline.tradingDay ? dayVolumeOf(tick) : 0;
  });
}

/** Those ticks that became what the next one is compared with; the last of them is it. */
function baselineSetters(ticks: readonly Tick[]): readonly Tick[] {
  const setters: Tick[] = [];
  for (const tick of ticks) {
    const baseline = setters.at(-1);
    const isOfFormerDay = baseline !== undefined && tick.tradingDay < baseline.tradingDay;
    const isDecrease = baseline !== undefined && dayVolumeOf(tick) < dayVolumeOf(baseline);
    const isNewDay = baseline !== undefined && tick.tradingDay > baseline.tradingDay;
    const isOlder = tick.timeMs < Math.max(...setters.map(setter => setter.timeMs));
    if (isOfFormerDay || (isDecrease && !isNewDay && isOlder)) continue;
    setters.push(tick);
  }
  return setters;
}

function dayVolumeOf(tick: Tick): number {
  return tick.dayVolume ?? Number.NaN;
}

/** The bar of a window's ticks; `versionUs` is 0. */
export function barOfTicks(
  ticks: readonly CountedTick[],
  window: OracleWindow,
  rest: { readonly state: Bar['state']; readonly flags: readonly BarFlag[]; readonly revision: number; readonly indicators?: Indicators },
): Bar {
  const ordered = inOrder(ticks).map(({ tick }) => tick);
  const [first] = ordered;
  const last = ordered.at(-1);
  if (first === undefined || last === undefined) throw new Error('a bar needs a tick');
  const prices = ordered.map(tick => tick.price);
  const spreads = ordered.flatMap(({ bid, ask }) => (bid === undefined || ask === undefined ? [] : [ask - bid]));
  return {
    symbol: first.symbol,
    interval: window.interval,
    startMs: window.startMs,
    endMs: window.endMs,
    open: first.price,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: last.price,
    ...volumes(ticks),
    tickCount: ticks.length,
    ...(spreads.length === 0 ? {} : { spreadMean: derived(sum(spreads) / spreads.length) }),
    state: rest.state,
    flags: rest.flags,
    revision: rest.revision,
    versionUs: 0,
    ...(rest.indicators === undefined ? {} : { indicators: rest.indicators }),
  };
}

function volumes(ticks: readonly CountedTick[]): Pick<Bar, 'volume' | 'vwap' | 'vwapKind'> {
  const compared = ticks.flatMap(({ tick, volume }) => (volume === undefined ? [] : [{ tick, volume }]));
  if (compared.length === 0) return {};
  const volume = sum(compared.map(part => part.volume));
  if (volume === 0) return { volume };
  const vwap = derived(sum(compared.map(part => part.tick.price * part.volume)) / volume);
  const isExact = compared.every(part => part.volume === 0 || part.tick.size !== undefined);
  return { volume, vwap, vwapKind: isExact ? 'exact' : 'estimate' };
}

/** Derived values have 12 significant digits. */
export function derived(value: number): number {
  return Number(value.toPrecision(12));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
