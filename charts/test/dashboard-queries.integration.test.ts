import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervals } from '@tapeline/core/intervals';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore, StoreBatch } from '@tapeline/database/market-store';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { type TestKeyspace, testKeyspace } from '../../database/test/support/cassandra-keyspace.ts';
import { aBar, aLatest, quiet } from '../../database/test/support/rows.ts';
import { cqlOf, dashboards, targets, type Viewing } from './support/dashboards.ts';

const begin = Date.parse('2024-10-31T23:00:00Z');
const hourMs = 3_600_000;
const lengthMs: Readonly<Record<Interval, number>> = {
  '1s': 1_000,
  '5s': 5_000,
  '15s': 15_000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': hourMs,
  '1d': 24 * hourMs,
};

/** Two bars of each interval, one on either side of midnight at a month's end. */
function barsAroundMidnight(interval: Interval): readonly Bar[] {
  const midnight = Date.parse('2024-11-01T00:00:00Z');
  return [midnight - lengthMs[interval], midnight].map(startMs =>
    aBar({ interval, startMs, endMs: startMs + lengthMs[interval], volume: 12.5 }),
  );
}

describeWithCassandra('the queries of the dashboards, on the real schema', server => {
  let cassandra: TestKeyspace;
  let store: MarketStore;

  beforeAll(async () => {
    cassandra = await testKeyspace(server, 'dashboards');
    store = openCassandraStore({ ...server, keyspace: cassandra.keyspace, ...quiet() });
    await store.migrate();
    const none: StoreBatch = { ticks: [], bars: [], latest: [], gaps: [], instruments: [], alerts: [] };
    await store.write({ ...none, bars: intervals.flatMap(barsAroundMidnight), latest: [aLatest({ bid: 69_142, ask: 69_142.5 })] });
  }, 120_000);

  afterAll(async () => {
    await store?.close();
    await cassandra?.drop();
  }, 60_000);

  const ask = async (query: string, viewing: Viewing) => {
    const cql = cqlOf(query, viewing).replace(/FROM ([a-z_]+)/, `FROM ${cassandra.keyspace}.$1`);
    expect(cql).not.toMatch(/[$]/);
    return (await cassandra.client.execute(cql)).rows;
  };
  const candles = targets().find(({ target }) => target?.includes('bars_by_symbol_interval'))?.target ?? '';

  it.each(intervals)('find the candles of %s on both sides of midnight at a month’s end', async interval => {
    const fromMs = interval === '1d' ? begin - 23 * hourMs : begin;
    const viewing = { fromMs, toMs: begin + 2 * hourMs, variables: { symbol: 'BTC/USD', bars: interval } };
    const rows = await ask(candles, viewing);
    expect(rows.map(row => (row.start as Date).getTime()).sort()).toEqual(barsAroundMidnight(interval).map(({ startMs }) => startMs));
    expect(Object.keys(rows[0] ?? {})).toEqual(['symbol', 'start', 'open', 'high', 'low', 'close', 'volume']);
  });

  it('leave out what is before and after the time shown', async () => {
    const viewing = { fromMs: begin, toMs: begin + 30 * 60_000, variables: { symbol: 'BTC/USD', bars: '1m' } };
    expect(await ask(candles, viewing)).toEqual([]);
  });

  it('find the symbols to choose from, and their last prices', async () => {
    const viewing = { fromMs: begin, toMs: begin, variables: {} };
    const [symbols] = dashboards().flatMap(({ templating }) => templating.list.filter(({ name }) => name === 'symbol'));
    const query = typeof symbols?.query === 'object' ? symbols.query.query : '';
    expect((await ask(query, viewing)).map(row => row.symbol)).toEqual(['BTC/USD']);
    const prices = targets().find(({ target }) => target?.includes('latest_by_board'))?.target ?? '';
    expect((await ask(prices, viewing)).map(row => [row.board, row.symbol, row.price, row.bid, row.ask])).toEqual([
      ['all', 'BTC/USD', 69_142.14, 69_142, 69_142.5],
    ]);
  });
});
