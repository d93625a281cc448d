/** A vendor's bars as `history` records of our windows: only what is finished, in the range that was asked for, each window once, ascending. */
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import type { TradingCalendar } from '@tapeline/core/calendars/trading-calendar';
import { intervalMs, tradingDayStartMs, windowStartMs } from '@tapeline/core/intervals';
import { type HistoryRecord, recordFormat } from '@tapeline/core/records';
import { marketOf } from '../market-hours.ts';
import type { TimeSeries, VendorBar } from '../twelve-data/rest-answers.ts';
import type { TimeSeriesRequest } from '../twelve-data/rest-client.ts';

export interface HistoryOf {
  readonly request: TimeSeriesRequest;
  readonly series: TimeSeries;
  /** As in "twelve-data/rest". */
  readonly source: string;
  readonly action: HistoryRecord['action'];
  /** When the answer came; what ends later is not finished. */
  readonly receivedTimeMs: number;
}

export interface History {
  readonly records: readonly HistoryRecord[];
  /** What was wrong with each bar that became no record. */
  readonly faults: readonly string[];
}

/**
 * Builds the records. The symbol is the one that was asked for. A bar that is no window of ours (the vendor's hours of a stock begin with
 * its session, at half past) is a fault; one outside the range or unfinished is left out in silence.
 */
export function historyOf({ request, series, source, action, receivedTimeMs }: HistoryOf): History {
  const faults = [...series.faults];
  const records = new Map<number, HistoryRecord>();
  const calendar = calendarOf(marketOf({ type: series.meta.type, exchange: series.meta.exchange ?? series.meta.mic_code }));
  for (const bar of series.bars) {
    const window = request.interval === '1d' ? dayOf(bar, calendar) : windowOf(bar, request.interval);
    if (window === undefined) faults.push(`${bar.datetime}: must open at a window of ${request.interval} in UTC`);
    else if (window.startMs >= request.fromMs && window.startMs < request.toMs && window.endMs <= receivedTimeMs) {
      const { open, high, low, close, volume } = bar;
      const prices = { open, high, low, close, volume };
      const head = { v: recordFormat, kind: 'history', source, action, symbol: request.symbol, interval: request.interval } as const;
      const made = { tickCount: 0, flags: ['filled' as const], revision: 0 };
      records.set(window.startMs, { ...head, ...window, ...prices, ...made, receivedTimeMs });
    }
  }
  return { records: [...records.values()].sort((a, b) => a.startMs - b.startMs), faults };
}

interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

function windowOf({ datetime }: VendorBar, interval: TimeSeriesRequest['interval']): Window | undefined {
  const startMs = Date.parse(`${datetime.replace(' ', 'T')}${datetime.includes(' ') ? '.000' : 'T00:00:00.000'}Z`);
  const isOurs = Number.isFinite(startMs) && windowStartMs(startMs, interval) === startMs;
  return isOurs ? { startMs, endMs: startMs + intervalMs(interval) } : undefined;
}

/** The trading day of that label. */
function dayOf({ datetime }: VendorBar, calendar: TradingCalendar): Window | undefined {
  const label = datetime.slice(0, 10);
  const startMs = tradingDayStartMs(label);
  return Number.isFinite(startMs) ? { startMs, endMs: calendar.day(label).endMs } : undefined;
}
