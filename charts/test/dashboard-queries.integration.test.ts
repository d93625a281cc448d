import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Interval, intervalMs, intervals } from '@tapeline/core/intervals';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import type { DashboardJson, PanelJson, PanelQuery } from '@tapeline/visualization/grafana-check/dashboard-json';
import { interpolated, type TimeRange, type VariableValues } from '@tapeline/visualization/grafana-check/interpolation';
import { variableValues } from '@tapeline/visualization/grafana-check/variables';
import { type TestKeyspace, testKeyspace } from '../../database/test/support/cassandra-keyspace.ts';
import { aBar, quiet } from '../../database/test/support/rows.ts';
import { type Frame, framesOf, variableRows, withMacros } from './support/cassandra-plugin.ts';
import { everything, midnight, symbols } from './support/dashboard-rows.ts';
import { alertRules, annotationsOf, cassandraType, dashboard, dashboards, panelOf } from './support/dashboards.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const gap = { from: new Date(midnight - 30_000), to: new Date(midnight + 15_000) };
const aroundMidnight: TimeRange = { fromMs: midnight - 3 * hourMs, toMs: midnight + 3 * hourMs };

describeWithCassandra('the queries of the dashboards, on the real schema', server => {
  let cassandra: TestKeyspace;
  let store: MarketStore;

  beforeAll(async () => {
    cassandra = await testKeyspace(server, 'dashboards');
    store = openCassandraStore({ ...server, keyspace: cassandra.keyspace, ...quiet() });
    await store.migrate();
    await store.write(everything());
  }, 120_000);

  afterAll(async () => {
    await store?.close();
    await cassandra?.drop();
  }, 60_000);

  const valuesOf = (of: DashboardJson, range: TimeRange, chosen: VariableValues) =>
    variableValues(of, range, (_, query) => variableRows(cassandra.client, cassandra.keyspace, query), chosen);

  const ask = (target: PanelQuery, range: TimeRange, values: VariableValues) =>
    framesOf(cassandra.client, cassandra.keyspace, withMacros(interpolated(target.target ?? '', values, range), range));

  const times = (frames: readonly Frame[], column = 'start') =>
    frames.flatMap(({ rows }) => rows.map(row => (row[column] as Date).getTime())).sort((a, b) => a - b);

  const onCassandra = ({ datasource }: PanelJson) => datasource?.type === cassandraType;
  const asking = dashboards().filter(({ panels }) => panels.some(onCassandra));

  describe.each(asking.map(({ title, uid }) => [title, uid] as const))('%s', (_, uid) => {
    const of = dashboard(uid);
    const panels = of.panels.filter(onCassandra);

    it.each(panels.map(panel => [panel.title, panel] as const))('finds what the panel %s needs', async (__, panel) => {
      const values = await valuesOf(of, aroundMidnight, { interval: '1m' });
      for (const target of panel.targets) expectShape(panel.type, await ask(target, aroundMidnight, values));
    });
  });

  it('find the gaps and alerts of a symbol, and the alerts of feeds, as annotations', async () => {
    const of = dashboard('tapeline-market');
    const values = await valuesOf(of, aroundMidnight, {});
    const found = await Promise.all(annotationsOf(of).map(({ target }) => ask(target, aroundMidnight, values)));
    expect(found.map(frames => frames.map(({ rows }) => rows))).toEqual([
      [
        [
          { scope: 'gap', time: gap.from, timeEnd: gap.to, text: 'socket', tags: 'BTC/USD' },
          { scope: 'gap', time: gap.from, timeEnd: gap.to, text: 'mute', tags: 'BTC/USD' },
        ],
      ],
      [[{ scope: 'alert', time: new Date(midnight), title: 'btc above 70k', text: expect.stringMatching(/./), tags: 'warning' }]],
      [[{ scope: 'alert', time: new Date(midnight - 1), title: 'mute', text: expect.stringMatching(/./), tags: 'warning' }]],
    ]);
  });

  it('offer the symbols that have a price', async () => {
    const values = await valuesOf(dashboard('tapeline-compare'), aroundMidnight, {});
    expect(values.symbols).toEqual(symbols);
  });

  it.each(intervals)('find the bars of %s on both sides of the end of a year', async interval => {
    const of = dashboard('tapeline-market');
    const range = { fromMs: midnight - 2 * intervalMs(interval), toMs: midnight + intervalMs(interval) };
    const values = await valuesOf(of, range, { interval });
    const [target] = panelOf(of, '$interval').targets;
    const frames = await ask(target as PanelQuery, range, values);
    expect(times(frames)).toEqual([-2, -1, 0, 1].map(index => midnight + index * intervalMs(interval)));
  });

  const reaches: readonly (readonly [Interval, number])[] = [
    ['1s', dayMs],
    ['5s', 2 * dayMs],
    ['15s', 2 * dayMs],
    ['1m', 59 * dayMs],
    ['5m', 59 * dayMs],
    ['15m', 730 * dayMs],
    ['1h', 730 * dayMs],
    ['1d', 3_000 * dayMs],
  ];
  it.each(reaches)('reach back as far as they say with %s, whatever day it is', async (interval, reachMs) => {
    const of = dashboard('tapeline-market');
    const [target] = panelOf(of, '$interval').targets;
    const ends = ['2023-01-01T00:00:00Z', '2023-03-01T00:00:00.001Z', '2023-03-31T23:59:59Z', '2023-12-31T12:00:00Z'].map(Date.parse);
    const startOf = (endMs: number) => Math.ceil((endMs - reachMs) / intervalMs(interval)) * intervalMs(interval);
    const bars = ends.map(endMs => aBar({ symbol: 'ETH/USD', interval, startMs: startOf(endMs), endMs: startOf(endMs) + 1 }));
    await store.write({ ...everything(), bars });
    for (const endMs of ends) {
      const range = { fromMs: startOf(endMs), toMs: endMs };
      const values = await valuesOf(of, range, { interval, symbol: 'ETH/USD' });
      expect(times(await ask(target as PanelQuery, range, values))).toContain(startOf(endMs));
    }
  });

  it('leave out what is before and after the time shown', async () => {
    const of = dashboard('tapeline-market');
    const range = { fromMs: midnight + 1, toMs: midnight + 59_999 };
    const values = await valuesOf(of, range, { interval: '1m' });
    for (const target of panelOf(of, '$interval').targets) expect(await ask(target, range, values)).toEqual([]);
  });

  it('draw no indicator where a bar has none, though the plug-in reads what is absent as 0', async () => {
    const of = dashboard('tapeline-market');
    const values = await valuesOf(of, aroundMidnight, { interval: '1m' });
    for (const title of ['$interval', 'RSI', 'MACD']) {
      for (const target of panelOf(of, title).targets.filter(({ target: text }) => !text?.includes('open'))) {
        const frames = await ask(target, aroundMidnight, values);
        expect(times(frames)).toEqual([midnight + 60_000]);
        expect(Object.values(frames[0]?.rows[0] ?? {})).not.toContain(0);
      }
    }
  });

  it('count the gaps that are left, and none where there is none', async () => {
    const of = dashboard('tapeline-data-quality');
    const [target] = panelOf(of, 'not filled').targets;
    const quietRange = { fromMs: midnight + hourMs, toMs: midnight + 2 * hourMs };
    for (const [range, gaps] of [
      [aroundMidnight, 1],
      [quietRange, 0],
    ] as const) {
      const frames = await ask(target as PanelQuery, range, await valuesOf(of, range, {}));
      expect(frames.map(({ rows }) => rows)).toEqual([[{ scope: 'all', gaps }]]);
    }
  });

  it('of an alert rule give one frame with the age of each price', async () => {
    const models = alertRules().rules.flatMap(({ data }) => data.map(({ model }) => model as Partial<PanelQuery>));
    const asked = models.filter(({ datasource }) => datasource?.type === cassandraType);
    expect(asked.length).toBe(1);
    const [frame, ...others] = await ask(asked[0] as PanelQuery, aroundMidnight, {});
    expect(others).toEqual([]);
    expect(frame?.rows.map(row => row.age_ms)).toEqual(symbols.map(() => expect.any(Number)));
  });
});

/** @throws when the rows are not what a panel of this type can show. */
function expectShape(type: string, frames: readonly Frame[]): void {
  expect(frames.length).toBeGreaterThan(0);
  const has = (frame: Frame, is: (value: unknown) => boolean) => frame.columns.some(column => is(frame.rows[0]?.[column]));
  for (const frame of frames) {
    expect(frame.rows.length).toBeGreaterThan(0);
    if (type !== 'table' && type !== 'stat' && type !== 'barchart') expect(has(frame, value => value instanceof Date)).toBe(true);
    if (type === 'state-timeline') expect(frame.rows[0]).toMatchObject({ flags: expect.any(String) });
    else expect(has(frame, value => typeof value === 'number' || type === 'table')).toBe(true);
  }
  if (['table', 'stat', 'barchart', 'histogram', 'candlestick'].includes(type)) expect(frames.length).toBe(1);
  if (type === 'stat') expect(frames[0]?.rows.length).toBe(1);
  if (type === 'candlestick' && frames[0]?.columns.includes('open')) {
    expect(frames[0].columns).toEqual(['symbol', 'start', 'open', 'high', 'low', 'close', 'volume']);
  }
}
