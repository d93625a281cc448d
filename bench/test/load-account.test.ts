import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { FeedRecord, GapRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { appendToFeed, beginMs, feed, secondsOf } from '../../standalone/test/support/short-market.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { accountOf, differenceOf, type LogAccount } from '../src/load-account.ts';

const symbols = ['BTC/USD', 'ETH/BTC'];
const seconds = 90;
const logger = pino({ level: 'silent' });
const quiet = { onProgress: () => undefined, signal: new AbortController().signal };

/** A session, in the middle of which seven prices are lost. */
function someRecords(): FeedRecord[] {
  const market = { symbols, ticksPerSecond: 2 };
  const head = { v: 1, feed, session: 1, symbols } as const;
  const [lossMs, overMs] = [beginMs + 60_000, beginMs + 60_200];
  return [
    { ...head, kind: 'session', timeMs: beginMs - 1_000, refused: [] },
    ...secondsOf(market, 0, 60),
    { ...head, kind: 'gap', fromMs: lossMs, toMs: overMs, reason: 'ingester buffer full', lost: 7, receivedTimeMs: overMs },
    ...secondsOf(market, 60, seconds),
  ];
}

async function account(records: readonly FeedRecord[], fold = true): Promise<LogAccount> {
  const log = await openEmbeddedLog({ directory: temporaryFolder('account'), logger });
  try {
    await log.ensureTopics([{ name: feedTopic.name, partitions: 2 }]);
    await appendToFeed(log, records);
    return await accountOf(log, { fold, ...quiet });
  } finally {
    await log.close();
  }
}

describe('the account of a log', () => {
  it('counts each tick once, and what was lost once, though every partition tells of it', async () => {
    expect(await account(someRecords())).toMatchObject({ ticks: 360, ticksTwice: 0, lost: 7 });
  });

  it('has the bars of the fold, or none when the log is only counted', async () => {
    const { bars } = await account(someRecords());
    expect(bars.get(`BTC/USD 1m ${beginMs}`)).toMatchObject({ tickCount: 120, open: 100, state: 'final' });
    expect(await account(someRecords(), false)).toEqual({ ticks: 360, ticksTwice: 0, lost: 7, bars: new Map() });
  });

  const isGap = (record: FeedRecord): record is GapRecord => record.kind === 'gap';
  const place = (records: readonly FeedRecord[]) => records.findIndex(record => record.kind === 'tick' && record.sequence === 30);
  it.each<[string, (records: FeedRecord[]) => void, Partial<LogAccount>]>([
    [
      'a tick is there twice',
      records => records.splice(200, 0, records[place(records)] as FeedRecord),
      { ticks: 360, ticksTwice: 1, lost: 7 },
    ],
    ['a tick is not there', records => records.splice(place(records), 1), { ticks: 359, ticksTwice: 0, lost: 7 }],
    [
      'a gap record tells of less',
      records => records.push(...records.splice(records.findIndex(isGap), 1).map(gap => ({ ...gap, lost: 3 }) as GapRecord)),
      { ticks: 360, ticksTwice: 0, lost: 3 },
    ],
    ['there is no gap record', records => records.splice(records.findIndex(isGap), 1), { ticks: 360, ticksTwice: 0, lost: 0 }],
  ])('shows that %s', async (_, damage, shown) => {
    const records = someRecords();
    damage(records);
    expect(await account(records, false)).toMatchObject(shown);
  });
});

describe('the difference between a store and the bars of the log', () => {
  let expected: LogAccount['bars'];
  let store: MarketStore;
  beforeEach(async () => {
    ({ bars: expected } = await account(someRecords()));
    store = openSqliteStore({ dataDir: temporaryFolder('store'), logger, registry: new Registry() });
    await store.migrate();
  });

  async function found(bars: readonly Bar[]) {
    try {
      await store.write(storeBatch({ bars }));
      return await differenceOf(expected, store);
    } finally {
      await store.close();
    }
  }

  it('is none when the store has them all, whatever the order of a table', async () => {
    const bars = [...expected.values()];
    expect(bars.filter(({ indicators }) => indicators?.sma20 !== undefined).length).toBeGreaterThan(50);
    expect(await found(bars)).toEqual({ expected: bars.length, different: 0, examples: [] });
  });

  const name = `BTC/USD 5s ${beginMs + 20_000}`;
  const other = (change: (bar: Bar) => Bar) => (bars: ReadonlyMap<string, Bar>) =>
    [...bars].map(([key, bar]) => (key === name ? change(bar) : bar));
  it.each<[string, (bars: ReadonlyMap<string, Bar>) => readonly Bar[], string]>([
    ['a bar is missing', bars => [...bars].filter(([key]) => key !== name).map(([, bar]) => bar), name],
    ['a bar has another volume', other(bar => ({ ...bar, volume: 5 })), name],
    ['a bar has another version', other(bar => ({ ...bar, versionUs: bar.versionUs + 1 })), name],
    ['an indicator is another', other(bar => ({ ...bar, indicators: { ...bar.indicators, ema12: 1 } })), name],
    [
      'there is a bar that nobody knows, before the first',
      bars => [...bars.values(), { ...(bars.get(name) as Bar), startMs: beginMs - 5_000 }],
      `BTC/USD 5s ${beginMs - 5_000}`,
    ],
    [
      'there is a bar that nobody knows, after the last',
      bars => [...bars.values(), { ...(bars.get(name) as Bar), startMs: beginMs + seconds * 1_000 }],
      `BTC/USD 5s ${beginMs + seconds * 1_000}`,
    ],
  ])('shows that %s', async (_, damaged, named) => {
    expect(await found(damaged(expected))).toEqual({ expected: expected.size, different: 1, examples: [named] });
  });

  it('names a few of many', async () => {
    const bars = [...expected.values()].filter(({ interval }) => interval !== '1s');
    const { different, examples } = await found(bars);
    expect([different, examples.length]).toEqual([expected.size - bars.length, 5]);
  });
});
