/**
 * What the bars of the load have to be, computed the slow way: arrays of ticks, sorted, grouped.
 *
 * Two answers, because the peers drop what is late and Tapeline corrects its bars with it. A tick is late for a window when the
 * largest event time of its partition so far is 2 s or more past the window's end.
 */
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import { allowedLatenessMs, type LoadRecord } from './load.ts';

export interface OracleBar {
  readonly symbol: string;
  readonly interval: Interval;
  readonly startMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly count: number;
}

/** A window with the bar of the ticks that were on time, and the bar of all of them. */
export interface OracleWindow {
  readonly onTime: OracleBar | undefined;
  readonly all: OracleBar;
  /** How many of its ticks were late. */
  readonly late: number;
}

export interface Oracle {
  readonly windows: ReadonlyMap<string, OracleWindow>;
  /** Windows that end here or before are closed by the watermark of each partition. */
  readonly closedUntilMs: number;
}

interface SeenTick {
  readonly price: number;
  readonly timeMs: number;
  readonly arrival: number;
  readonly late: boolean;
}

/** The name of a window: what makes a bar the same bar. */
export function windowKey(bar: Pick<OracleBar, 'symbol' | 'interval' | 'startMs'>): string {
  return `${bar.symbol},${bar.interval},${bar.startMs}`;
}

export function oracleOf(records: Iterable<LoadRecord>, intervals: readonly Interval[]): Oracle {
  const groups = new Map<string, SeenTick[]>();
  const highestMs = new Map<number, number>();
  let arrival = 0;
  for (const record of records) {
    if (record.key === undefined) continue;
    arrival += 1;
    const tick: { symbol: string; price: number; timeMs: number } = JSON.parse(record.value);
    const highest = Math.max(highestMs.get(record.partition) ?? 0, tick.timeMs);
    highestMs.set(record.partition, highest);
    for (const interval of intervals) {
      const startMs = tick.timeMs - (tick.timeMs % intervalMs(interval));
      const late = startMs + intervalMs(interval) + allowedLatenessMs <= highest;
      const key = windowKey({ symbol: tick.symbol, interval, startMs });
      const seen = groups.get(key) ?? [];
      groups.set(key, seen);
      seen.push({ price: tick.price, timeMs: tick.timeMs, arrival, late });
    }
  }
  const windows = new Map([...groups].map(([key, ticks]) => [key, windowOf(key, ticks)]));
  return { windows, closedUntilMs: Math.min(...highestMs.values()) - allowedLatenessMs };
}

function windowOf(key: string, ticks: readonly SeenTick[]): OracleWindow {
  const onTime = ticks.filter(tick => !tick.late);
  return {
    all: barOf(key, ticks),
    onTime: onTime.length === 0 ? undefined : barOf(key, onTime),
    late: ticks.length - onTime.length,
  };
}

function barOf(key: string, ticks: readonly SeenTick[]): OracleBar {
  const [symbol = '', interval = '', startMs = ''] = key.split(',');
  const inOrder = [...ticks].sort((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
  const prices = inOrder.map(tick => tick.price);
  return {
    symbol,
    interval: interval as Interval,
    startMs: Number(startMs),
    open: prices.at(0) ?? Number.NaN,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1) ?? Number.NaN,
    count: prices.length,
  };
}
