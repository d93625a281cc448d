/** What a row of each table holds: the columns of CSV, the fields of JSON and the schemas of the OpenAPI document are read off these. */
import { alertSchema } from '@tapeline/core/alerts';
import { barFlags, type Indicators } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import { instrumentSchema } from '@tapeline/core/records';
import { z } from 'zod';

const timeMs = z.int().describe('milliseconds since 1970');
const symbol = z.string();
const price = z.number();

export const indicatorNames = [
  ...(['sma20', 'ema12', 'ema26', 'macd', 'macdSignal', 'macdHistogram'] as const),
  ...(['rsi14', 'bollingerUpper', 'bollingerLower', 'atr14', 'momentum10', 'volatility20'] as const),
] as const satisfies readonly (keyof Indicators)[];

export const barRow = z.object({
  symbol,
  interval: z.enum(intervals),
  startMs: timeMs.describe('start of the half-open window; of a `1d` bar its trading day at 00:00 UTC'),
  open: price,
  high: price,
  low: price,
  close: price,
  volume: z.number().optional().describe('absent where the vendor tells none'),
  vwap: price.optional(),
  tickCount: z.int(),
  state: z
    .enum(['forming', 'final', 'filled-forward'])
    .describe('`forming`: still open; `filled-forward`: no bar is there, asked for by `fill`'),
  flags: z.array(z.enum(barFlags)).readonly(),
  revision: z.int(),
  indicators: z.partialRecord(z.enum(indicatorNames), z.number()).readonly().optional().describe('with `indicators=true`'),
});
export type BarRow = Readonly<z.infer<typeof barRow>>;

export const tickRow = z.object({
  symbol,
  timeMs,
  price,
  bid: price.optional(),
  ask: price.optional(),
  dayVolume: z.number().optional().describe("the vendor's cumulative volume of the trading day"),
  size: z.number().optional().describe('of the trade, where the vendor tells it'),
  feed: z.string(),
  session: z.int(),
  sequence: z.int(),
  sourceTimeMs: timeMs.describe("the vendor's stamp"),
  receivedTimeMs: timeMs.describe("the socket's clock"),
  tradingDay: z.string(),
});

export const latestRow = z.object({
  symbol,
  price,
  bid: price.optional(),
  ask: price.optional(),
  dayVolume: z.number().optional(),
  timeMs,
  receivedTimeMs: timeMs,
});

const { name, exchange, type, timeZone, sector, currency, fiftyTwoWeekLow, fiftyTwoWeekHigh } = instrumentSchema.shape;
export const instrumentRow = z.object({
  symbol,
  ...{ name, exchange, type, timeZone, sector, currency, fiftyTwoWeekLow, fiftyTwoWeekHigh },
});
export type InstrumentFacts = Readonly<z.infer<typeof instrumentRow>>;

export const gapRow = z.object({
  symbol,
  fromMs: timeMs,
  toMs: timeMs.describe('milliseconds since 1970, exclusive'),
  reason: z.string(),
  filled: z.boolean().describe('history has filled the bars of `1m` and longer; it has none of `1s`, `5s` and `15s`'),
});

export const alertRow = alertSchema.pick({
  ...{ id: true, rule: true, condition: true, severity: true, symbol: true, feed: true, interval: true },
  ...{ timeMs: true, value: true, threshold: true, message: true },
});

export const feedRow = z.object({
  feed: z.string(),
  session: z.int(),
  condition: z.enum(['live', 'gap', 'silent', 'ended']).describe('`ended`: a recording that was played to its end'),
  sinceMs: timeMs.describe('start of the condition'),
  simulated: z.boolean(),
  watermarkMs: timeMs,
  lastDataMs: timeMs.optional(),
  symbols: z.int().describe('how many the feed owns'),
  refused: z.array(z.object({ symbol, reason: z.string() })).readonly(),
  refusedCount: z.int(),
});
