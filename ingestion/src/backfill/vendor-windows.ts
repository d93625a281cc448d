/** A vendor's bars as windows of ours: only what is finished, in the range that was asked for, each window once, ascending. */
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import type { TradingCalendar } from '@tapeline/core/calendars/trading-calendar';
import { intervalMs, tradingDayStartMs, windowStartMs } from '@tapeline/core/intervals';
import { marketOf } from '../market-hours.ts';
import type { TimeSeries, VendorBar } from '../twelve-data/rest-answers.ts';
import type { TimeSeriesRequest } from '../twelve-data/rest-client.ts';

/** The vendor's bar of one of our windows. */
export interface VendorWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume?: number;
}

export interface VendorWindows {
  readonly windows: readonly VendorWindow[];
  /** What was wrong with each bar that is no window. */
  readonly faults: readonly string[];
}

/**
 * Reads them off an answer. A bar that is no window of ours (the vendor's hours of a stock begin with its session, at half past) is a
 * fault; one outside the range or unfinished is left out in silence.
 * @param receivedTimeMs when the answer came; what ends later is not finished.
 */
export function windowsOf(request: TimeSeriesRequest, series: TimeSeries, receivedTimeMs: number): VendorWindows {
  const faults = [...series.faults];
  const windows = new Map<number, VendorWindow>();
  const calendar = calendarOf(marketOf({ type: series.meta.type, exchange: series.meta.exchange ?? series.meta.mic_code }));
  for (const bar of series.bars) {
    const span = request.interval === '1d' ? dayOf(bar, calendar) : spanOf(bar, request.interval);
    if (span === undefined) faults.push(`${bar.datetime}: must open at a window of ${request.interval} in UTC`);
    else if (span.startMs >= request.fromMs && span.startMs < request.toMs && span.endMs <= receivedTimeMs) {
      const { open, high, low, close, volume } = bar;
      windows.set(span.startMs, { ...span, open, high, low, close, ...(volume === undefined ? {} : { volume }) });
    }
  }
  return { windows: [...windows.values()].sort((a, b) => a.startMs - b.startMs), faults };
}

type Span = Pick<VendorWindow, 'startMs' | 'endMs'>;

function spanOf({ datetime }: VendorBar, interval: TimeSeriesRequest['interval']): Span | undefined {
  const startMs = Date.parse(`${datetime.replace(' ', 'T')}${datetime.includes(' ') ? '.000' : 'T00:00:00.000'}Z`);
  const isOurs = Number.isFinite(startMs) && windowStartMs(startMs, interval) === startMs;
  return isOurs ? { startMs, endMs: startMs + intervalMs(interval) } : undefined;
}

/** The trading day of that label. */
function dayOf({ datetime }: VendorBar, calendar: TradingCalendar): Span | undefined {
  const label = datetime.slice(0, 10);
  const startMs = tradingDayStartMs(label);
  return Number.isFinite(startMs) ? { startMs, endMs: calendar.day(label).endMs } : undefined;
}
