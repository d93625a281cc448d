import { describe, expect, it } from '@jest/globals';
import { cassandraType, dashboards, targets } from './support/dashboards.ts';
import { metricsOfExpression, metricsOfSources } from './support/metric-names.ts';

describe('the metrics of the sources', () => {
  it('are found whatever way they are registered', () => {
    const names = metricsOfSources();
    for (const name of ['ingester_connected', 'ingester_recording_lines_lost_total', 'stream_processor_bars_total', 'live_board_clients']) {
      expect(names).toContain(name);
    }
    expect(names).toContain('stream_processor_flush_seconds_bucket');
    expect(names).not.toContain('stream_processor_flush_seconds');
    expect(names).toContain('market_store_rows_written_total');
  });

  it('are told from the functions and labels of an expression', () => {
    const expression = '60 * sum by (le, kind) (rate(a_total{namespace="x_y"}[5m])) or vector(0) > b_seconds';
    expect(metricsOfExpression(expression)).toEqual(['a_total', 'b_seconds']);
  });
});

describe('the dashboards', () => {
  it('are the market and the pipeline', () => {
    expect(dashboards().map(({ uid, title }) => [uid, title])).toEqual([
      ['tapeline-market', 'Market'],
      ['tapeline-pipeline', 'Pipeline'],
    ]);
  });

  it('ask for no metric that no process has', () => {
    const asked = new Set(targets().flatMap(({ expr }) => (expr === undefined ? [] : metricsOfExpression(expr))));
    const names = metricsOfSources();
    expect(asked.size).toBeGreaterThan(15);
    expect([...asked].filter(name => !names.has(name))).toEqual([]);
  });

  it('ask Cassandra by raw queries with a type, without an alias (it takes the candles away) and without ORDER BY (it fails with IN)', () => {
    const asked = targets().filter(({ datasource }) => datasource.type === cassandraType);
    expect(asked.length).toBeGreaterThan(0);
    for (const target of asked) {
      expect(target).toMatchObject({ queryType: 'query', rawQuery: true, datasource: { uid: 'cassandra-md' } });
      expect(target.alias).toBeUndefined();
      expect(target.target).not.toMatch(/order by|allow filtering|select \*/i);
    }
  });

  it('bound every query of bars by symbol, interval, bucket and time', () => {
    const [candles] = targets().filter(({ target }) => target?.includes('bars_by_symbol_interval'));
    expect(candles?.target).toMatch(
      /symbol = '\$symbol' AND interval = '\$bars' AND bucket IN \(.+\) AND start >= \$__timeFrom AND start <= \$__timeTo$/,
    );
  });
});
