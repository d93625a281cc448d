/**
 * One record or more of each kind, with every field that it may have and with only those that it must have: what `records.jsonl` of a
 * golden version holds, and what today's code must decode it to.
 */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { DeadLetter } from '@tapeline/core/dead-letters';
import type { FeedRecord } from '@tapeline/core/records';

/** 2024-11-04 10:00:00 UTC, a Monday. */
const tenMs = 1_730_714_400_000;
const day = { tradingDay: '2024-11-04', tradingDayEndMs: 1_730_764_800_000 };

export const feedRecords: readonly FeedRecord[] = [
  {
    ...{ v: 1, kind: 'session', feed: 'twelve-data/0', session: 7_000_002, timeMs: tenMs, symbols: ['BTC/USD', 'Ünïcøde 株'] },
    refused: [{ symbol: 'NOPE', reason: 'the vendor does not know it' }],
    simulated: true,
    previous: { session: 7_000_001, reason: 'no pong', lastDataMs: tenMs - 5_000 },
  },
  { v: 1, kind: 'session', feed: 'yahoo', session: 1, timeMs: tenMs, symbols: [], refused: [] },
  {
    ...{ v: 1, kind: 'tick', feed: 'twelve-data/0', session: 7_000_002, sequence: 1, symbol: 'BTC/USD', price: 69_054.02 },
    ...{ bid: 69_054.01, ask: 69_054.03, dayVolume: 52.25, size: 1e-8 },
    ...{ sourceTimeMs: tenMs, receivedTimeMs: tenMs + 732, timeMs: tenMs + 732, ...day },
  },
  {
    ...{ v: 1, kind: 'tick', feed: 'yahoo', session: 1, sequence: 9_007_199_254_740_991, symbol: 'Ünïcøde 株', price: 1e-22 },
    ...{ sourceTimeMs: tenMs, receivedTimeMs: tenMs, timeMs: tenMs, ...day },
  },
  {
    ...{ v: 1, kind: 'heartbeat', feed: 'twelve-data/0', session: 7_000_002, timeMs: tenMs + 1_000, connected: true },
    ...{ lastDataMs: tenMs + 732, openMarkets: ['crypto', 'NYSE'] },
  },
  { v: 1, kind: 'heartbeat', feed: 'yahoo', session: 1, timeMs: tenMs + 1_000, connected: false },
  {
    ...{ v: 1, kind: 'gap', feed: 'twelve-data/0', session: 7_000_002, symbols: ['BTC/USD'], fromMs: tenMs, toMs: tenMs + 2_000 },
    ...{ reason: 'the buffer was full', lost: 12, receivedTimeMs: tenMs + 2_000 },
  },
  {
    ...{ v: 1, kind: 'history', source: 'twelve-data/rest', action: 'replace', symbol: 'BTC/USD', interval: '1m' },
    ...{ startMs: tenMs, endMs: tenMs + 60_000, open: 10, high: 12.5, low: 9, close: 11, volume: 3.5, vwap: 10.75, vwapKind: 'estimate' },
    ...{ tickCount: 17, spreadMean: -0.25, flags: ['gap', 'filled'], revision: 1, receivedTimeMs: tenMs + 3_600_000 },
    gap: { fromMs: tenMs + 1_000, toMs: tenMs + 31_000, reason: 'mute' },
  },
  {
    ...{ v: 1, kind: 'history', source: 'twelve-data/rest', action: 'fill', symbol: 'AAPL', interval: '1d' },
    ...{ startMs: tenMs - 36_000_000, endMs: tenMs + 50_400_000, open: 10, high: 12, low: 9, close: 11 },
    ...{ tickCount: 0, flags: ['filled'], revision: 0, receivedTimeMs: tenMs + 90_000_000 },
  },
  {
    ...{ v: 1, kind: 'history', source: 'twelve-data/rest', action: 'flag', symbol: 'AAPL', interval: '1h' },
    ...{ startMs: tenMs, endMs: tenMs + 3_600_000, open: 10, high: 12, low: 9, close: 11 },
    ...{ tickCount: 3, flags: ['mismatch'], revision: 2, receivedTimeMs: tenMs + 90_000_000 },
  },
  {
    ...{ v: 1, kind: 'instrument', symbol: 'AAPL', name: 'Apple Inc.', exchange: 'NASDAQ', type: 'Common Stock' },
    ...{ timeZone: 'America/New_York', sector: 'Technology', currency: 'USD', fiftyTwoWeekLow: 164.08, fiftyTwoWeekHigh: 237.49 },
    receivedTimeMs: tenMs,
  },
  { v: 1, kind: 'instrument', symbol: 'BTC/USD', receivedTimeMs: tenMs },
  {
    ...{ v: 1, kind: 'alert-rules', receivedTimeMs: tenMs },
    rules: [{ condition: 'level', name: 'high', symbols: ['BTC/USD'], interval: '1m', above: 70_000, hysteresis: 50, cooldown: '5m' }],
  },
  { v: 1, kind: 'alert-rules', receivedTimeMs: tenMs, rules: [] },
];

export const bars: readonly Bar[] = [
  {
    ...{ symbol: 'BTC/USD', interval: '1m', startMs: tenMs, endMs: tenMs + 60_000, open: 10, high: 12.5, low: 9, close: 11 },
    ...{ volume: 3.5, vwap: 10.75, vwapKind: 'exact', tickCount: 17, spreadMean: 0.5, state: 'final', flags: ['partial', 'corrected'] },
    ...{ revision: 1, versionUs: tenMs * 1_000 + 1 },
    indicators: {
      ...{ sma20: 1.5, ema12: 2.5, ema26: 3.5, macd: -4.5, macdSignal: 5.5, macdHistogram: 6.5, rsi14: 50, bollingerUpper: 8.5 },
      ...{ bollingerLower: 7.5, atr14: 0.25, momentum10: -1, volatility20: 1e-9 },
    },
  },
  {
    ...{ symbol: 'AAPL', interval: '1d', startMs: tenMs - 36_000_000, endMs: tenMs + 50_400_000, open: 10, high: 12, low: 9, close: 11 },
    ...{ tickCount: 0, state: 'final', flags: [], revision: 0, versionUs: 1 },
  },
];

export const alerts: readonly Alert[] = [
  {
    ...{ v: 1, kind: 'alert', id: `high|BTC/USD|${tenMs}`, rule: 'high', condition: 'level', severity: 'warning', symbol: 'BTC/USD' },
    ...{ feed: 'twelve-data/0', interval: '1m', timeMs: tenMs, value: 70_001.5, threshold: 70_000, versionUs: tenMs * 1_000 },
    message: 'BTC/USD: close 70001.5 is at or above 70000',
  },
  {
    ...{ v: 1, kind: 'alert', id: `feed away|yahoo|${tenMs}`, rule: 'feed away', condition: 'stale', severity: 'critical' },
    ...{ timeMs: tenMs, message: 'yahoo: not connected for 30 s', versionUs: tenMs * 1_000 },
  },
];

export const deadLetters: readonly DeadLetter[] = (['late', 'early', 'future', 'not-owner', 'malformed', 'unknown'] as const).map(
  (reason, index) => ({
    ...{ v: 1, kind: 'dead-letter', reason, detail: 'price: expected number', origin: `market-data.feed/3@${index}`, timeMs: tenMs },
    value: '{"v":1,"kind":"tick","price":"ten"}',
  }),
);
