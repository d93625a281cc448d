/**
 * A small seeded feed: what a partition of `market-data.feed` may hold, silence, take-overs, late ticks and history included. Nothing in it
 * comes from elsewhere, so that it is the same for ever.
 */
import type { FeedRecord, Tick } from '@tapeline/core/records';
import type { FoldOptions } from '@tapeline/stream-processing/fold/partition-fold';
import { randomOf } from '../../../test/support/random.ts';

export const goldenOptions: FoldOptions = {
  partition: 0,
  partitions: 1,
  intervals: ['1s', '5s', '15s', '1m', '5m', '15m', '1h', '1d'],
  allowedLatenessMs: 2_000,
  correctionHorizonMs: 60_000,
};

/** Where the feed is cut: before its first rules, and with rules in force, both while windows are open and stragglers may come. */
export const cuts = { withoutRules: 70, withRules: 150 } as const;

/** 2024-11-04 18:25:00 UTC, a Monday with New York open. */
const beginMs = Date.UTC(2024, 10, 4, 18, 25);
const tradingDayEndMs = Date.UTC(2024, 10, 5);
const symbols = ['BTC/USD', 'AAPL', 'EUR/USD'];
const [first, second] = ['twelve-data/0', 'finnhub/0'] as const;

const rules = [
  { condition: 'level', name: 'high', symbols: '*', interval: '1s', above: 103, hysteresis: 1 },
  { condition: 'drop', name: 'drop', symbols: '*', interval: '5s', percent: 2, window: '1m', cooldown: '10s' },
  { condition: 'volume', name: 'unusual', symbols: '*', interval: '5s', times: 1.5, bars: 3 },
  { condition: 'gap', name: 'gap', symbols: '*', longer: '1s' },
  { condition: 'stale', name: 'quiet', symbols: '*', longer: '3s' },
  { condition: 'stale', name: 'feed away', feeds: '*', longer: '1s', severity: 'critical' },
];

export function goldenFeed(): readonly FeedRecord[] {
  const random = randomOf(20_261_121);
  const records: FeedRecord[] = [];
  const sequences = new Map<string, number>();
  let session = 1;
  let nowMs = beginMs;
  let dayVolume = 1_000;

  const tick = (fields: Partial<Tick> = {}): Tick => {
    const symbol = fields.symbol ?? random.pick(symbols);
    const feed = fields.feed ?? first;
    const sequence = (sequences.get(feed) ?? 0) + 1;
    sequences.set(feed, sequence);
    const price = Math.round(10_000 + 600 * Math.sin((nowMs - beginMs) / 20_000) + random.whole(-80, 80)) / 100;
    dayVolume += random.whole(0, 40) / 8;
    return {
      ...{ v: 1, kind: 'tick', feed, session, sequence, symbol, price },
      ...(random.whole(0, 2) > 0
        ? { bid: Math.round(price * 100 - 2) / 100, ask: Math.round(price * 100 + random.whole(1, 9)) / 100 }
        : {}),
      ...(symbol === 'EUR/USD' ? {} : { dayVolume }),
      ...{ sourceTimeMs: Math.floor(nowMs / 1_000) * 1_000, receivedTimeMs: nowMs, timeMs: nowMs },
      ...{ tradingDay: '2024-11-04', tradingDayEndMs, ...fields },
    };
  };
  const heartbeat = (connected = true, lastDataMs = nowMs): FeedRecord => ({
    ...{ v: 1, kind: 'heartbeat', feed: first, session, timeMs: nowMs, connected, lastDataMs, openMarkets: ['crypto', 'NYSE'] },
  });
  const pass = (steps: number): void => {
    for (let step = 0; step < steps; step += 1) {
      nowMs += random.whole(100, 1_100);
      records.push(random.whole(0, 3) === 0 ? heartbeat() : tick());
    }
  };
  const next = (lastDataMs: number, reason: string): FeedRecord => {
    session += 1;
    sequences.clear();
    const previous = { session: session - 1, reason, lastDataMs };
    return { v: 1, kind: 'session', feed: first, session, timeMs: nowMs, symbols, refused: [], previous };
  };

  records.push({ v: 1, kind: 'session', feed: first, session, timeMs: nowMs, symbols, refused: [{ symbol: 'NOPE', reason: 'unknown' }] });
  pass(60);
  records.push(
    tick({ timeMs: nowMs - 9_000, sourceTimeMs: nowMs - 9_000 }),
    tick({ timeMs: nowMs - 200_000, sourceTimeMs: nowMs - 200_000 }),
  );
  pass(12);
  records.push({ v: 1, kind: 'alert-rules', rules, receivedTimeMs: nowMs });
  pass(40);
  records.push(tick({ feed: second, session: 1 }), heartbeat(false), {
    v: 1,
    kind: 'instrument',
    symbol: 'AAPL',
    name: 'Apple Inc.',
    receivedTimeMs: nowMs,
  });
  const lastDataMs = nowMs;
  nowMs += 4_000;
  records.push(heartbeat(false, lastDataMs));
  nowMs += 3_000;
  records.push(next(lastDataMs, 'no pong'));
  // A vendor says its last price again to whoever subscribes.
  const last = records.findLast((record): record is Tick => record.kind === 'tick' && record.feed === first);
  if (last !== undefined) records.push({ ...last, feed: first, session, sequence: 1, receivedTimeMs: nowMs });
  sequences.set(first, 1);
  pass(34);
  records.push({ v: 1, kind: 'session', feed: second, session: 1, timeMs: nowMs, symbols: ['EUR/USD'], refused: [], newBaseline: true });
  records.push({
    v: 1,
    kind: 'gap',
    feed: first,
    session,
    symbols: ['AAPL'],
    fromMs: nowMs - 3_000,
    toMs: nowMs - 500,
    reason: 'buffer',
    lost: 3,
    newBaseline: true,
    receivedTimeMs: nowMs,
  });
  pass(30);
  nowMs += 200_000;
  records.push(heartbeat(true, nowMs - 200_000), tick());
  const startMs = Math.floor((lastDataMs - 1) / 60_000) * 60_000;
  records.push({
    ...{
      v: 1,
      kind: 'history',
      source: 'twelve-data/rest',
      action: 'replace',
      symbol: 'BTC/USD',
      interval: '1m',
      startMs,
      endMs: startMs + 60_000,
    },
    ...{ open: 100, high: 107, low: 93, close: 101, volume: 12.5, tickCount: 9, flags: ['gap', 'filled'], revision: 1 },
    ...{ gap: { fromMs: lastDataMs, toMs: lastDataMs + 7_000, reason: 'no pong' }, receivedTimeMs: nowMs },
  });
  pass(20);
  nowMs += 70_000;
  records.push(heartbeat());
  return records;
}
