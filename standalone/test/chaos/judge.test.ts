import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { deadLetter, encodeDeadLetter } from '@tapeline/core/dead-letters';
import { createLogger } from '@tapeline/core/logging';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord, Tick } from '@tapeline/core/records';
import { deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import type { StoreBatch } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { latestPriceOf } from '@tapeline/stream-processing/latest-price';
import { Registry } from 'prom-client';
import { MemoryLog } from '../../../ingestion/test/support/memory-log.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { Differences } from './difference.ts';
import { digestOf } from './digest.ts';
import { Judge, type Places } from './judge.ts';
import { Ledger } from './ledger.ts';
import { Oracle } from './oracle.ts';
import { rulesAfter } from './rules.ts';

const symbols = ['AAA/USD', 'BBB/USD'];
const partitions = 2;
const seconds = 150;
const feed = 'twelve-data/0';

interface Mutable extends StoreBatch {
  ticks: StoreBatch['ticks'][number][];
  bars: StoreBatch['bars'] extends Iterable<infer Bar> ? Bar[] : never;
  latest: StoreBatch['latest'][number][];
  gaps: StoreBatch['gaps'][number][];
  alerts: StoreBatch['alerts'][number][];
}

/** What a run left, before it is judged: each test damages one thing. */
interface Left {
  readonly rows: Mutable;
  /** Of market-data.feed, by partition. */
  readonly records: Buffer[][];
  readonly letters: Buffer[];
  readonly notes: string[];
  readonly poison: { what: string; partition: number; offset: number }[];
  places: { committed: Map<number, number>; saved: number[] };
}

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('judge');
});

/** Two symbols, a reconnect in the middle that costs some prices, late prices, a piece of poison. */
function recordsOf(ledger: Ledger, beginMs: number): Buffer[][] {
  const records: Buffer[][] = [[], []];
  const toAll = (record: FeedRecord): void => {
    for (const partition of records) partition.push(Buffer.from(encodeRecord(record)));
  };
  const session = (number: number, timeMs: number, lastDataMs?: number): void =>
    toAll({
      ...{ v: 1, kind: 'session', feed, session: number, timeMs, symbols, refused: [] },
      ...(lastDataMs === undefined ? {} : { previous: { session: number - 1, reason: 'it broke', lastDataMs } }),
    });
  session(1, beginMs);
  toAll({ v: 1, kind: 'alert-rules', rules: rulesAfter(0), receivedTimeMs: beginMs });
  let lastDataMs = beginMs;
  for (let second = 0; second < seconds; second += 1) {
    const timeMs = beginMs + second * 1_000 + 500;
    const isAway = second >= 60 && second < 65;
    for (const symbol of symbols) {
      const { price, number } = ledger.next(symbol, timeMs);
      if (!isAway) records[partitionOf(symbol, partitions)]?.push(tickOf({ symbol, price, number, timeMs, second }));
    }
    if (!isAway) lastDataMs = timeMs;
    if (second === 64) session(2, timeMs + 300, lastDataMs);
    const heartbeat = { v: 1, kind: 'heartbeat', feed, session: second < 65 ? 1 : 2, timeMs: timeMs + 400, lastDataMs } as const;
    if (second !== 64) toAll({ ...heartbeat, connected: !isAway });
  }
  records[0]?.push(Buffer.from('{"v":1,'));
  toAll({ v: 1, kind: 'heartbeat', feed, session: 2, timeMs: beginMs + (seconds + 10) * 1_000, connected: true });
  return records;
}

function tickOf(given: {
  readonly symbol: string;
  readonly price: number;
  readonly number: number;
  readonly timeMs: number;
  readonly second: number;
}): Buffer {
  const { symbol, price, number, timeMs, second } = given;
  const lateMs = second === 140 ? 90_000 : second % 20 === 10 ? 4_000 : 0;
  const day = new Date(timeMs - lateMs).toISOString().slice(0, 10);
  const tick: Tick = {
    v: 1,
    kind: 'tick',
    feed,
    session: second < 65 ? 1 : 2,
    sequence: number,
    symbol,
    price,
    dayVolume: number * 3,
    sourceTimeMs: timeMs - lateMs,
    receivedTimeMs: timeMs,
    timeMs: timeMs - lateMs,
    tradingDay: day,
    tradingDayEndMs: Date.parse(day) + 86_400_000,
  };
  return Buffer.from(encodeRecord(tick));
}

async function logOf(records: readonly (readonly Buffer[])[], letters: readonly Buffer[]): Promise<MemoryLog> {
  const log = new MemoryLog(partitions);
  for (const [partition, values] of records.entries()) await log.append(values.map(value => ({ topic: feedTopic.name, partition, value })));
  await log.append(letters.map(value => ({ topic: deadLetterTopic.name, partition: 0, value })));
  return log;
}

/** A run without a fault, as the fold itself would have left it. */
async function spotless(ledger: Ledger): Promise<Left> {
  const records = recordsOf(ledger, Math.floor(Date.now() / 60_000) * 60_000 - 240_000);
  const rows: Mutable = { ticks: [], bars: [], latest: [], gaps: [], instruments: [], alerts: [] };
  const notes: string[] = [];
  const oracle = new Oracle(await logOf(records, []), partitions, (record, partition, _, value) => {
    if (record?.kind === 'tick') rows.ticks.push({ tick: record, versionUs: 0 });
    if (value !== undefined && record !== undefined) notes.push(digestOf(partition, value));
  });
  for (const [partition, { length }] of records.entries()) await oracle.advance(partition, length);
  rows.bars.push(...[...oracle.bars.values()].map(({ row }) => row));
  rows.gaps.push(...[...oracle.gaps.values()].map(({ row }) => row));
  rows.alerts.push(...[...oracle.alerts.values()].map(({ row }) => row));
  rows.ticks = rows.ticks.flatMap(({ tick }) => {
    const due = oracle.ticks.of(tick.symbol).get(`${tick.symbol} ${tick.session} ${tick.sequence}`);
    return due === undefined ? [] : [{ tick, versionUs: due.row.versionUs }];
  });
  for (const symbol of symbols) {
    const last = rows.ticks.filter(({ tick }) => tick.symbol === symbol).toSorted((a, b) => b.tick.timeMs - a.tick.timeMs)[0];
    if (last !== undefined) rows.latest.push(latestPriceOf(last.tick, last.versionUs));
  }
  const letters = [...oracle.letters].map(([origin, reason]) => letter(origin, reason));
  const offset = (records[0]?.length ?? 0) - 2;
  const ends = records.map(({ length }) => length);
  const places = { committed: new Map(ends.entries()), saved: [...ends] };
  return { rows, records, letters, notes, poison: [{ what: 'truncated JSON', partition: 0, offset }], places };
}

function letter(origin: string, reason: Parameters<typeof deadLetter>[0]['reason'], value = ''): Buffer {
  return Buffer.from(encodeDeadLetter(deadLetter({ reason, detail: 'as the fold says', origin, timeMs: 1, value })));
}

async function judged(damage: (left: Left, ledger: Ledger) => void, at: 'end' | 'checkpoint' = 'end') {
  const ledger = new Ledger(symbols);
  const left = await spotless(ledger);
  damage(left, ledger);
  const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
  const store = openSqliteStore({ dataDir: folder, logger, registry: new Registry() });
  const notesFile = join(folder, 'notes.txt');
  writeFileSync(notesFile, left.notes.map(line => `${line}\n`).join(''));
  try {
    await store.migrate();
    await store.write(left.rows);
    const differences = new Differences();
    const log = await logOf(left.records, left.letters);
    const judge = new Judge({ log, store, partitions, ledger, notesFile, differences });
    const places: Places = left.places;
    if (at === 'checkpoint') await judge.checkpoint(places);
    const judgement = at === 'end' ? await judge.finish(places, left.poison) : undefined;
    return { found: [...differences.counts.keys()], differences, judgement };
  } finally {
    await store.close();
  }
}

const bar = (left: Left, interval: string) => left.rows.bars.findIndex(each => each.interval === interval);

describe('the verdict', () => {
  it('finds nothing in a run that left what it should', async () => {
    const { differences, judgement } = await judged(() => undefined);
    expect(differences.kept).toEqual([]);
    expect(judgement).toMatchObject({
      totals: { sent: 300, inLog: 290, refused: 0, inGaps: 10 },
      letters: 3,
      compared: { ticks: 288, gaps: 2, latest: 2 },
    });
    expect(judgement?.compared.bars).toBeGreaterThan(300);
    expect(judgement?.compared.alerts).toBeGreaterThan(5);
    expect(judgement?.acknowledged).toBeGreaterThan(500);
  });

  it('finds nothing at a checkpoint of the same run', async () => {
    expect((await judged(() => undefined, 'checkpoint')).differences.kept).toEqual([]);
  });

  const damages: readonly (readonly [string, string, (left: Left, ledger: Ledger) => void])[] = [
    ['a bar is missing', 'bars', left => left.rows.bars.splice(bar(left, '1s'), 1)],
    ['a bar of an hour is missing', 'bars', left => left.rows.bars.splice(bar(left, '1h'), 1)],
    [
      'a bar differs by one tick',
      'bars',
      left => {
        const [found] = left.rows.bars.splice(bar(left, '1m'), 1);
        if (found !== undefined) left.rows.bars.push({ ...found, tickCount: found.tickCount + 1 });
      },
    ],
    [
      'a bar differs in its version only',
      'bars',
      left => {
        const [found] = left.rows.bars.splice(bar(left, '5s'), 1);
        if (found !== undefined) left.rows.bars.push({ ...found, versionUs: found.versionUs + 1 });
      },
    ],
    [
      'there is a bar too many',
      'bars',
      left => {
        const [found] = left.rows.bars.filter(each => each.interval === '1s');
        if (found !== undefined) left.rows.bars.push({ ...found, startMs: found.startMs - 7_000 });
      },
    ],
    ['a tick is missing', 'ticks', left => left.rows.ticks.splice(20, 1)],
    [
      'there is a tick too many',
      'ticks',
      left => {
        const [first] = left.rows.ticks;
        if (first !== undefined) left.rows.ticks.push({ ...first, tick: { ...first.tick, sequence: 9_999 } });
      },
    ],
    [
      'a latest price is an old one',
      'latest prices',
      left => {
        const [row] = left.rows.latest.splice(0, 1);
        if (row !== undefined) left.rows.latest.push({ ...row, price: 1 });
      },
    ],
    ['an alert is missing', 'alerts', left => left.rows.alerts.splice(1, 1)],
    [
      'there is an alert too many',
      'alerts',
      left => {
        const [first] = left.rows.alerts;
        if (first !== undefined) left.rows.alerts.push({ ...first, id: `${first.id}x` });
      },
    ],
    ['a gap is missing', 'gaps', left => left.rows.gaps.splice(0, 1)],
    ['a dead letter is missing', 'dead letters', left => left.letters.splice(0, 1)],
    [
      'a dead letter tells another reason',
      'dead letters',
      left => left.letters.splice(0, 1, letter(`${feedTopic.name}/0@${left.poison[0]?.offset}`, 'late')),
    ],
    ['a good record has a dead letter', 'dead letters', left => left.letters.push(letter(`${feedTopic.name}/1@3`, 'late'))],
    ['poison was taken for something', 'dead letters', left => left.poison.push({ what: 'a tombstone', partition: 1, offset: 5 })],
    ['a record was spoilt that nobody poisoned', 'dead letters', left => left.poison.splice(0, 1)],
    ['an acknowledged record is not in the log', 'acknowledged to an ingester', left => left.notes.push(digestOf(1, Buffer.from('lost')))],
    ['a partition is committed beyond its results', 'offsets', left => left.places.committed.set(1, 1_000_000)],
    ['a partition is committed less far than its results', 'offsets', left => left.places.committed.set(1, 1)],
    ['a snapshot stands before its end', 'offsets', left => left.places.saved.fill(10, 0, 1)],
    ['the vendor sent a price that nobody knows of', 'sent by the vendor', (_, ledger) => void ledger.next(symbols[0] ?? '', Date.now())],
    [
      'a price is lost in the middle of a session',
      'sent by the vendor',
      left => {
        const values = left.records[partitionOf(symbols[0] ?? '', partitions)] ?? [];
        values.splice(
          values.findIndex(value => value.includes(`"sequence":30,"symbol":"${symbols[0]}"`)),
          1,
        );
      },
    ],
    [
      'a price is in the log twice',
      'sent by the vendor',
      left => {
        const values = left.records[partitionOf(symbols[0] ?? '', partitions)] ?? [];
        const at = values.findIndex(value => value.includes(`"sequence":30,"symbol":"${symbols[0]}"`));
        values.splice(at, 0, values[at] ?? Buffer.alloc(0));
      },
    ],
    [
      'the log has a price that the vendor never sent',
      'sent by the vendor',
      left => {
        const values = left.records[partitionOf(symbols[0] ?? '', partitions)] ?? [];
        const at = values.findIndex(value => value.includes(`"sequence":30,"symbol":"${symbols[0]}"`));
        const tick = JSON.parse(String(values[at])) as Tick;
        values.splice(at, 1, Buffer.from(encodeRecord({ ...tick, price: 5 })));
      },
    ],
  ];

  it.each(damages)('finds when %s', async (_, check, damage) => {
    expect((await judged(damage)).found).toContain(check);
  });

  const early: readonly (readonly [string, (left: Left) => void])[] = [
    ['a bar before a committed offset is not stored', left => left.rows.bars.splice(bar(left, '1m'), 1)],
    ['a tick before a committed offset is not stored', left => left.rows.ticks.splice(20, 1)],
    [
      'a bar before a committed offset is stored at an older version',
      left => {
        const [found] = left.rows.bars.splice(bar(left, '1m'), 1);
        if (found !== undefined) left.rows.bars.push({ ...found, versionUs: found.versionUs - 1 });
      },
    ],
  ];

  it.each(early)('finds at a checkpoint when %s', async (_, damage) => {
    expect((await judged(damage, 'checkpoint')).found).toEqual(['offsets']);
  });

  it('counts a price that the ingester refused as refused', async () => {
    const { differences, judgement } = await judged((left, ledger) => {
      const { price } = ledger.next(symbols[0] ?? '', Date.now());
      left.letters.push(letter(`${feed} session 2`, 'future', `{"event":"price","symbol":"${symbols[0]}","price":${price}}`));
    });
    expect(differences.kept).toEqual([]);
    expect(judgement?.totals.refused).toBe(1);
  });
});
