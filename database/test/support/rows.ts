/** Builders of rows: each has everything, a test names what it is about. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { InstrumentRecord, Tick } from '@tapeline/core/records';
import type { Gap, InstrumentRow, LatestPrice, TickRow } from '@tapeline/database/market-store';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { randomOf } from '../../../test/support/random.ts';

export const noonMs = Date.parse('2024-11-03T12:00:00.000Z');
export const noonUs = noonMs * 1_000;

export function aTick({ versionUs = noonUs, ...over }: Partial<Tick> & { readonly versionUs?: number } = {}): TickRow {
  const tick: Tick = {
    v: 1,
    kind: 'tick',
    feed: 'twelve-data/0',
    session: 1,
    sequence: 1,
    symbol: 'BTC/USD',
    price: 69142.14,
    sourceTimeMs: noonMs,
    receivedTimeMs: noonMs + 640,
    timeMs: noonMs + 640,
    tradingDay: '2024-11-03',
    tradingDayEndMs: Date.parse('2024-11-04T00:00:00.000Z'),
    ...over,
  };
  return { tick, versionUs };
}

export function aBar(over: Partial<Bar> = {}): Bar {
  const startMs = over.startMs ?? noonMs;
  return {
    symbol: 'BTC/USD',
    interval: '1m',
    startMs,
    endMs: startMs + 60_000,
    open: 69142.14,
    high: 69150,
    low: 69140.5,
    close: 69149.99,
    tickCount: 17,
    state: 'final',
    flags: [],
    revision: 0,
    versionUs: noonUs,
    ...over,
  };
}

/** A bar with every field that there is. */
export function aFullBar(over: Partial<Bar> = {}): Bar {
  return aBar({
    volume: 12.5,
    vwap: 69145.25,
    vwapKind: 'estimate',
    spreadMean: 0.015,
    flags: ['partial', 'gap', 'corrected'],
    indicators: {
      sma20: 69100.5,
      ema12: 69110.25,
      ema26: 69090.125,
      macd: 20.125,
      macdSignal: 18.5,
      macdHistogram: 1.625,
      rsi14: 61.7,
      bollingerUpper: 69210.1,
      bollingerLower: 68990.9,
      atr14: 33.3,
      momentum10: -12.75,
      volatility20: 0.00123,
    },
    ...over,
  });
}

export function aLatest(over: Partial<LatestPrice> = {}): LatestPrice {
  return { symbol: 'BTC/USD', price: 69142.14, timeMs: noonMs, receivedTimeMs: noonMs + 640, versionUs: noonUs, ...over };
}

export function aGap(over: Partial<Gap> = {}): Gap {
  return { symbol: 'BTC/USD', fromMs: noonMs, toMs: noonMs + 45_000, reason: 'mute', filled: false, versionUs: noonUs, ...over };
}

export function anAlert(over: Partial<Alert> = {}): Alert {
  return {
    ...{ v: 1, kind: 'alert', id: 'btc above 70k/BTC/USD/1730721600000', rule: 'btc above 70k', condition: 'level', severity: 'warning' },
    ...{ symbol: 'BTC/USD', interval: '1s', timeMs: noonMs, value: 70_001, threshold: 70_000 },
    ...{ message: 'BTC/USD is at 70001, above 70000', versionUs: noonUs },
    ...over,
  };
}

export function anInstrument({
  versionUs = noonUs,
  ...over
}: Partial<InstrumentRecord> & { readonly versionUs?: number } = {}): InstrumentRow {
  return { instrument: { v: 1, kind: 'instrument', symbol: 'BTC/USD', receivedTimeMs: noonMs, ...over }, versionUs };
}

/** A state of so many bytes that no two places repeat by accident; the same seed gives the same bytes. */
export function aState(bytes: number, seed = 1): Uint8Array {
  const random = randomOf(seed);
  return new Uint8Array(bytes).map(() => random.below(256));
}

/** What every store asks for and no test looks at. */
export function quiet() {
  return { logger: pino({ level: 'silent' }), registry: new Registry() };
}
