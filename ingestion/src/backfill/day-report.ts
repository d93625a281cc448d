/** A day of a symbol's stored bars against the vendor's, for people: it asks, compares and writes nothing. */
import type { Bar } from '@tapeline/core/bars';
import { hasCode, isPassing } from '@tapeline/core/errors';
import { intervalMs } from '@tapeline/core/intervals';
import { pause } from '@tapeline/core/pause';
import type { MarketStore } from '@tapeline/database/market-store';
import type { Logger } from 'pino';
import type { RestClient, TimeSeriesRequest, VendorInterval } from '../twelve-data/rest-client.ts';
import { type Comparison, compared, type Tolerance } from './comparison.ts';
import { type VendorWindow, windowsOf } from './vendor-windows.ts';

export interface DayReportOptions {
  readonly client: Pick<RestClient, 'timeSeries'>;
  readonly store: Pick<MarketStore, 'bars'>;
  readonly tolerance: Tolerance;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
}

export interface DayOf {
  /** As the vendor spells it; prices of `RY:TSX` are named `RY`. */
  readonly symbol: string;
  readonly interval: VendorInterval;
  /** The date at 00:00 UTC; of `1d` the label of the trading day. */
  readonly dayStartMs: number;
}

export interface Difference extends Comparison {
  readonly startMs: number;
  readonly ours: Prices;
  readonly vendors: Prices;
}

export interface DayReport {
  readonly symbol: string;
  readonly interval: VendorInterval;
  /** Stored ones. */
  readonly bars: number;
  readonly equal: number;
  /** Of the whole bars of our own; the greatest deviation first. */
  readonly mismatches: readonly Difference[];
  readonly splits: readonly Difference[];
  /** Made from the vendor's history, so not compared. */
  readonly filled: number;
  /** Not whole (`partial`, or a gap that is not filled), so not compared. */
  readonly notWhole: number;
  /** The vendor has a bar, we have none. */
  readonly missing: number;
  /** We have a bar, the vendor has none. */
  readonly unknownToVendor: number;
}

type Prices = Pick<Bar, 'open' | 'high' | 'low' | 'close' | 'volume'>;

const dayMs = 86_400_000;
const attempts = 5;
const pauseMs = 2_000;

/** Costs a credit, unless nothing is stored of that day. @throws PipelineError what the vendor refuses, or cannot answer five times. */
export async function dayReport(day: DayOf, options: DayReportOptions): Promise<DayReport> {
  const { store, tolerance, clock = Date.now } = options;
  const symbol = day.symbol.split(':')[0] ?? day.symbol;
  const range = { fromMs: day.dayStartMs, toMs: day.dayStartMs + dayMs };
  const stored = await store.bars({ symbol, interval: day.interval, ...range, limit: dayMs / intervalMs(day.interval) });
  const windows =
    stored.length === 0 ? [] : await vendorWindows({ symbol: day.symbol, interval: day.interval, ...range }, options, clock());
  const byStart = new Map(windows.map(window => [window.startMs, window]));
  const known = new Set(stored.map(({ startMs }) => startMs));
  const differences = stored.filter(isWhole).flatMap((bar): Difference[] => {
    const window = byStart.get(bar.startMs);
    const told = window && compared(bar, window, tolerance);
    return told === undefined ? [] : [{ ...told, startMs: bar.startMs, ours: pricesOf(bar), vendors: pricesOf(window as VendorWindow) }];
  });
  const of = (verdict: Comparison['verdict']) => differences.filter(each => each.verdict === verdict);
  const filled = stored.filter(({ flags }) => flags.includes('filled')).length;
  return {
    symbol,
    interval: day.interval,
    bars: stored.length,
    equal: of('equal').length,
    mismatches: of('mismatch').sort((a, b) => b.price - a.price),
    splits: of('split'),
    filled,
    notWhole: stored.filter(bar => !isWhole(bar)).length - filled,
    missing: windows.filter(({ startMs }) => !known.has(startMs)).length,
    unknownToVendor: stored.filter(({ startMs, endMs }) => !byStart.has(startMs) && endMs <= clock()).length,
  };
}

/** Whole and our own, compared before or not. */
function isWhole({ flags }: Bar): boolean {
  return !flags.some(flag => flag === 'partial' || flag === 'gap' || flag === 'filled');
}

async function vendorWindows(
  request: TimeSeriesRequest,
  { client, signal, logger }: DayReportOptions,
  nowMs: number,
): Promise<readonly VendorWindow[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return windowsOf(request, await client.timeSeries(request, signal), nowMs).windows;
    } catch (error) {
      if (hasCode(error, 'vendor.no-data')) return [];
      if (attempt === attempts || signal.aborted || !isPassing(error)) throw error;
      logger.warn({ code: error.code }, `${request.symbol} ${request.interval}: ${error.message}; asking again`);
      await pause(pauseMs * attempt, signal);
    }
  }
}

function pricesOf({ open, high, low, close, volume }: Prices): Prices {
  return { open, high, low, close, ...(volume === undefined ? {} : { volume }) };
}
