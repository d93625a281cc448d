/**
 * The records of `market-data.feed`: all that a feed told us, its silence included.
 *
 * The schemas are the definition; types are read off them, and other people's consumers get them as JSON Schema
 * (`recordJsonSchemas`). A record is compact JSON with a format version `v`. Unknown fields of a known version are
 * passed over; a higher version is refused as newer, because a reader that guesses would change bars.
 */
import { z } from 'zod';
import { barFlags, historyFlags } from './bars.ts';
import { type Interval, intervalMs, intervals, windowStartMs } from './intervals.ts';
import { isShallow } from './json-text.ts';

/** The format that this code writes, and the highest one that it reads. */
export const recordFormat = 1;

/** The last time that a record may tell (in 2255): a thousand times that is still a whole number, and versions count on from there. */
export const latestTimeMs = 8_999_999_999_999;

/** Rules have lists of symbols in them, and nothing deeper: a schema that looks at more would run out of stack in the end. */
export const deepestRules = 20;
const shortestDayMs = 10 * 3_600_000;
const longestDayMs = 36 * 3_600_000;

const timeMs = z.int().min(0).max(latestTimeMs);
/** So large and so small that no sum, square or product of bars leaves the doubles: what is not finite has no place in JSON. */
const price = z.number().min(1e-22).max(1e15);
const amount = z.number().nonnegative().max(1e18);
const symbol = z
  .string()
  .min(1)
  .max(64)
  .refine(text => text.isWellFormed(), 'must be text that UTF-8 can hold');
const feed = z.string().min(1).max(64).describe('source and shard, as in "twelve-data/0"');
const session = z.int().min(1).describe('rises for ever within a feed');
const day = z.iso.date('must be a date as YYYY-MM-DD');
const version = z.literal(recordFormat);
const reason = z.string().max(500);
/** What tables can count. */
const count = z.int().min(0).max(2_147_483_647);

/** Absent in records of before 2026-11-23, which are folded as they were: the same log gives the same bars for ever. */
const newBaseline = z.literal(true).optional();

const tickSchema = z
  .object({
    v: version,
    kind: z.literal('tick'),
    feed,
    session,
    sequence: z.int().min(1).describe('rises by one with each tick of a session'),
    symbol,
    price,
    bid: price.optional(),
    ask: price.optional(),
    dayVolume: amount.optional().describe("the vendor's cumulative volume of the trading day"),
    size: amount.optional().describe('of the trade, where the vendor tells it'),
    sourceTimeMs: timeMs.describe("the vendor's stamp"),
    receivedTimeMs: timeMs.describe("the socket's clock"),
    timeMs: timeMs.describe('the point in the interval of the stamp that the time of receipt picks'),
    tradingDay: day,
    tradingDayEndMs: timeMs,
  })
  .describe('one price update; key: symbol');

const sessionSchema = z
  .object({
    v: version,
    kind: z.literal('session'),
    feed,
    session,
    timeMs: timeMs.describe('when it began; in a later record of the same session, when its symbols changed'),
    symbols: z.array(symbol).max(100_000).describe('that this feed owns from here on'),
    refused: z.array(z.object({ symbol, reason })).max(100_000),
    simulated: z.boolean().optional(),
    newBaseline: newBaseline.describe('the first dayVolume of a symbol that it takes over is a baseline only, in the same session too'),
    previous: z
      .object({ session, reason, lastDataMs: timeMs.optional() })
      .optional()
      .describe('how the last session of this feed ended, and when it last received a price'),
  })
  .describe('a connection of a feed began; no key, one to every partition');

const heartbeatSchema = z
  .object({
    v: version,
    kind: z.literal('heartbeat'),
    feed,
    session,
    timeMs: timeMs.describe('all that this feed received until here stands before this record'),
    connected: z.boolean(),
    lastDataMs: timeMs.optional().describe('receipt of the last price of this session'),
    openMarkets: z.array(z.string().max(64)).max(1_000).optional(),
    endReason: reason.optional().describe('how this session ended, while the feed is not connected'),
  })
  .describe('event time moves on; no key, one to every partition');

export const gapSchema = z
  .object({
    v: version,
    kind: z.literal('gap'),
    feed,
    session,
    symbols: z.array(symbol).max(100_000),
    fromMs: timeMs,
    toMs: timeMs,
    reason,
    lost: z.int().min(0),
    newBaseline: newBaseline.describe('the next dayVolume is a baseline only: what was traded in the gap is no volume of a bar'),
    receivedTimeMs: timeMs,
  })
  .describe('a feed knows that it lost something; no key, one to every partition');

export const historyActions = ['fill', 'replace', 'flag'] as const;

const historySchema = z
  .object({
    v: version,
    kind: z.literal('history'),
    source: feed,
    action: z
      .enum(historyActions)
      .describe(
        "fill: no bar was stored; replace: a stored bar was touched by a gap; flag: the stored values stay, the vendor's were compared",
      ),
    symbol,
    interval: z.enum(intervals),
    startMs: timeMs,
    endMs: timeMs,
    open: price.describe('this and the other values: those of the bar that the record makes'),
    high: price,
    low: price,
    close: price,
    volume: amount.optional(),
    vwap: price.optional(),
    vwapKind: z.enum(['exact', 'estimate']).optional(),
    tickCount: count,
    spreadMean: z.number().min(-1e15).max(1e15).optional(),
    flags: z
      .array(z.enum(barFlags))
      .max(barFlags.length)
      .describe('all flags of the bar; those that only history gives tell that it is of history'),
    revision: count.describe('one more than that of the stored bar, 0 where none is stored'),
    gap: z
      .object({ fromMs: timeMs, toMs: timeMs, reason })
      .refine(({ fromMs, toMs }) => fromMs < toMs, { path: ['toMs'], error: 'must be after fromMs' })
      .optional()
      .describe('the gap that is filled once this record is taken in'),
    receivedTimeMs: timeMs,
  })
  .refine(isWindow, { path: ['startMs'], error: 'must begin, and endMs must end, a window of the interval' })
  .refine(({ vwap, vwapKind }) => (vwap === undefined) === (vwapKind === undefined), { path: ['vwapKind'], error: 'must stand with vwap' })
  .refine(({ flags }) => historyFlags.some(flag => flags.includes(flag)), {
    path: ['flags'],
    error: `must hold one of ${historyFlags.join(', ')}`,
  })
  .describe("a bar made of a vendor's REST bar and of the stored one, as whoever compared the two decided; key: symbol");

export const instrumentSchema = z
  .object({
    v: version,
    kind: z.literal('instrument'),
    symbol,
    name: z.string().max(200).optional(),
    exchange: z.string().max(100).optional(),
    type: z.string().max(100).optional(),
    timeZone: z.string().max(64).optional(),
    sector: z.string().max(100).optional(),
    currency: z.string().max(16).optional(),
    fiftyTwoWeekLow: price.optional().describe('lowest price of the last 52 weeks, as the vendor tells it'),
    fiftyTwoWeekHigh: price.optional(),
    receivedTimeMs: timeMs,
  })
  .describe('metadata of a symbol; key: symbol');

const alertRulesSchema = z
  .object({
    v: version,
    kind: z.literal('alert-rules'),
    rules: z
      .array(z.record(z.string(), z.unknown()))
      .max(10_000)
      .refine(rules => isShallow(rules, deepestRules), 'must not be nested so deeply'),
    receivedTimeMs: timeMs,
  })
  .describe('the rules in force from here on; no key, one to every partition');

export const feedRecordSchema = z.discriminatedUnion('kind', [
  tickSchema,
  sessionSchema,
  heartbeatSchema,
  gapSchema,
  historySchema,
  instrumentSchema,
  alertRulesSchema,
]);

export type Tick = Readonly<z.infer<typeof tickSchema>>;
export type SessionRecord = Readonly<z.infer<typeof sessionSchema>>;
export type Heartbeat = Readonly<z.infer<typeof heartbeatSchema>>;
export type GapRecord = Readonly<z.infer<typeof gapSchema>>;
export type HistoryRecord = Readonly<z.infer<typeof historySchema>>;
export type InstrumentRecord = Readonly<z.infer<typeof instrumentSchema>>;
export type AlertRulesRecord = Readonly<z.infer<typeof alertRulesSchema>>;
export type FeedRecord = Tick | SessionRecord | Heartbeat | GapRecord | HistoryRecord | InstrumentRecord | AlertRulesRecord;

/** The key that decides the partition, or `undefined` for a record that goes to every partition. */
export function recordKey(record: FeedRecord): string | undefined {
  return 'symbol' in record ? record.symbol : undefined;
}

/** The socket's clock of a record, in milliseconds: what drives the hybrid logical clock. */
export function recordTimeMs(record: FeedRecord): number {
  return 'receivedTimeMs' in record ? record.receivedTimeMs : record.timeMs;
}

/** A trading day is labelled by 00:00 UTC of its date and ends at a midnight of its exchange, or before: 10 h later at UTC+14, 36 h at UTC−12. */
function isWindow({
  interval,
  startMs,
  endMs,
}: {
  readonly interval: Interval;
  readonly startMs: number;
  readonly endMs: number;
}): boolean {
  if (windowStartMs(startMs, interval) !== startMs) return false;
  const lengthMs = endMs - startMs;
  return interval === '1d' ? lengthMs >= shortestDayMs && lengthMs <= longestDayMs : lengthMs === intervalMs(interval);
}
