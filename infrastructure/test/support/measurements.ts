/** Measures what `src/sizing.ts` reckons with: bytes of records, of a log segment on a real Kafka, of rows on a real Cassandra. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bar, encodeBar } from '@tapeline/core/bars';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { Heartbeat, Tick } from '@tapeline/core/records';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { openLog } from '@tapeline/log/open-log';
import type { StartedCassandra } from '@tapeline/services/cassandra';
import type { StartedKafka } from '@tapeline/services/kafka';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { randomOf } from '../../../test/support/random.ts';

const dayMs = 86_400_000;
const beginMs = Date.parse('2026-03-02T14:30:00.000Z');
const symbols = ['BTC/USD', 'ETH/BTC', 'AAPL', 'MSFT', 'EUR/USD', 'XAU/USD', 'NVDA', 'BRK.A'] as const;

/** Prices that walk as a market's do: no two alike, with the vendor's two to five decimals. */
function* walk(seed: number): Generator<number> {
  const random = randomOf(seed);
  let price = 100 + (seed % 400);
  for (;;) {
    price *= 1 + (random.next() - 0.5) / 2_000;
    yield Number(price.toFixed(seed % 2 === 0 ? 2 : 5));
  }
}

/** So many ticks of eight symbols, two a second each, with everything that TwelveData sends. */
export function* ticks(count: number): Generator<Tick> {
  const walks = symbols.map((_, index) => walk(index * 7_919 + 12));
  for (let i = 0; i < count; i += 1) {
    const at = i % symbols.length;
    const receivedTimeMs = beginMs + Math.floor(i / symbols.length) * 500 + ((i * 37) % 400);
    const price = walks[at]?.next().value as number;
    yield {
      v: 1,
      kind: 'tick',
      feed: 'twelve-data/0',
      session: 217,
      sequence: 1_000_000 + i,
      symbol: symbols[at] ?? '',
      price,
      bid: Number((price - 0.01).toFixed(5)),
      ask: Number((price + 0.02).toFixed(5)),
      dayVolume: 1_000_000 + i * 13,
      sourceTimeMs: receivedTimeMs - (receivedTimeMs % 1_000),
      receivedTimeMs,
      timeMs: receivedTimeMs,
      tradingDay: '2026-03-02',
      tradingDayEndMs: beginMs - (beginMs % dayMs) + dayMs,
    };
  }
}

/** So many 1s bars of eight symbols with every indicator. */
export function* bars(count: number): Generator<Bar> {
  const walks = symbols.map((_, index) => walk(index * 6_151 + 12));
  const next = (at: number): number => walks[at]?.next().value as number;
  for (let i = 0; i < count; i += 1) {
    const at = i % symbols.length;
    const startMs = beginMs + Math.floor(i / symbols.length) * 1_000;
    const [open, close] = [next(at), next(at)];
    yield {
      symbol: symbols[at] ?? '',
      interval: '1s',
      startMs,
      endMs: startMs + 1_000,
      open,
      high: Math.max(open, close),
      low: Math.min(open, close),
      close,
      volume: (i * 13) % 977,
      vwap: (open + close) / 2,
      vwapKind: 'estimate',
      tickCount: 2,
      spreadMean: 0.03,
      state: 'final',
      flags: [],
      revision: 0,
      versionUs: startMs * 1_000 + 3_500_000,
      indicators: indicators(close),
    };
  }
}

function indicators(price: number): Bar['indicators'] {
  const part = (divisor: number) => price / divisor;
  return {
    sma20: part(1.01),
    ema12: part(1.003),
    ema26: part(1.007),
    macd: part(997),
    macdSignal: part(1_013),
    macdHistogram: part(60_013),
    rsi14: part(7.3),
    bollingerUpper: part(0.97),
    bollingerLower: part(1.03),
    atr14: part(331),
    momentum10: part(271),
    volatility20: part(90_017),
  };
}

export function aHeartbeat(): Heartbeat {
  const openMarkets = ['NASDAQ', 'NYSE', 'forex', 'crypto'];
  return {
    v: 1,
    kind: 'heartbeat',
    feed: 'twelve-data/0',
    session: 217,
    timeMs: beginMs,
    connected: true,
    lastDataMs: beginMs - 130,
    openMarkets,
  };
}

/** Mean bytes of an encoded record, key included, and of a heartbeat. */
export function recordBytes(): { readonly tick: number; readonly bar: number; readonly heartbeat: number } {
  const mean = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return {
    tick: mean([...ticks(4_000)].map(tick => encodeRecord(tick).length + tick.symbol.length)),
    bar: mean([...bars(4_000)].map(bar => Buffer.byteLength(encodeBar(bar)) + bar.symbol.length)),
    heartbeat: encodeRecord(aHeartbeat()).length,
  };
}

/** Bytes of the segment of a topic that got so many ticks, as many in each append as the batch holds. */
export async function segmentBytes(kafka: StartedKafka, directory: string, batches: number, batchRecords: number): Promise<number> {
  const topic = `sizing-${batchRecords}`;
  const log = await openLog({ kafka: { brokers: kafka.brokers, clientId: 'sizing' }, dataDirectory: directory }, pino({ level: 'silent' }));
  try {
    await log.ensureTopics([{ name: topic, partitions: 1, retentionMs: -1 }]);
    const records = [...ticks(batches * batchRecords)].map(tick => ({ topic, partition: 0, key: tick.symbol, value: encodeRecord(tick) }));
    for (let i = 0; i < records.length; i += batchRecords) await log.append(records.slice(i, i + batchRecords));
  } finally {
    await log.close();
  }
  return (await stat(join(directory, '1', 'data', `${topic}-0`, '00000000000000000000.log'))).size;
}

/** Writes through the real store. */
export async function writeRows(cassandra: StartedCassandra, keyspace: string, count: number, tickRetentionMs: number): Promise<void> {
  const { contactPoints, localDataCenter: localDatacenter } = cassandra;
  const quiet = { logger: pino({ level: 'silent' }), registry: new Registry() };
  const store = openCassandraStore({ contactPoints, localDataCenter: localDatacenter, keyspace, tickRetentionMs, ...quiet });
  try {
    await store.migrate();
    const rows = [...ticks(count)].map(tick => ({ tick, versionUs: tick.receivedTimeMs * 1_000 + 250 }));
    const written = [...bars(count)];
    for (let i = 0; i < count; i += 2_000) {
      const none = { latest: [], gaps: [], instruments: [], alerts: [] };
      await store.write({ ...none, ticks: rows.slice(i, i + 2_000), bars: written.slice(i, i + 2_000) });
    }
  } finally {
    await store.close();
  }
}

/** Bytes of all files of a table. Stop the server first: it writes its tables out when it ends. */
export async function tableBytes(directory: string, keyspace: string, table: string): Promise<number> {
  const data = join(directory, '1', 'data', keyspace);
  const folder = (await readdir(data)).find(name => name.startsWith(`${table}-`));
  if (folder === undefined) throw new Error(`no folder of ${table} in ${data}`);
  const files = await readdir(join(data, folder), { withFileTypes: true });
  const sizes = await Promise.all(files.filter(file => file.isFile()).map(async file => (await stat(join(data, folder, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
