import { describe, expect, it } from '@jest/globals';
import type { AlertRule } from '@tapeline/visualization/dashboards/alert-rules';
import type { DashboardJson, PanelJson, PanelQuery, VariableJson } from '@tapeline/visualization/grafana-check/dashboard-json';
import { faultsOfRules } from './support/alert-rule-traps.ts';
import { faultsOf } from './support/dashboard-traps.ts';
import { alertRules, dashboard, dashboards, panelOf } from './support/dashboards.ts';

const market = dashboard('tapeline-market');
const quality = dashboard('tapeline-data-quality');
const movers = dashboard('tapeline-movers');

/** The dashboard with one of its panels changed. */
function changed(of: DashboardJson, title: string, change: (panel: PanelJson) => Partial<PanelJson>): DashboardJson {
  const panel = panelOf(of, title);
  return { ...of, panels: of.panels.map(each => (each === panel ? { ...each, ...change(each) } : each)) };
}

/** With its first query changed. */
function asked(of: DashboardJson, title: string, change: (query: PanelQuery) => Partial<PanelQuery>): DashboardJson {
  return changed(of, title, ({ targets: [first, ...others] }) => ({
    targets: [{ ...(first as PanelQuery), ...change(first as PanelQuery) }, ...others],
  }));
}

function replaced(of: DashboardJson, title: string, pattern: RegExp, by: string): DashboardJson {
  return asked(of, title, ({ target = '' }) => ({ target: target.replace(pattern, by) }));
}

function withVariable(query: string): DashboardJson {
  const variable: VariableJson = {
    name: 'day',
    type: 'query',
    query: { query },
    datasource: { type: 'hadesarchitect-cassandra-datasource', uid: 'cassandra-md' },
  };
  return { ...market, templating: { list: [...(market.templating.list ?? []), variable] } };
}

const mutants: readonly (readonly [trap: number, name: string, mutant: DashboardJson])[] = [
  [1, 'an alias on candles', asked(market, '$interval', () => ({ alias: '{{symbol}}' }))],
  [1, 'candles without a high', replaced(market, '$interval', / high,/, '')],
  [
    1,
    'a close of another name',
    changed(market, '$interval', () => ({
      fieldConfig: {
        defaults: {},
        overrides: [{ matcher: { id: 'byName', options: 'close' }, properties: [{ id: 'displayName', value: 'Last' }] }],
      },
    })),
  ],
  [2, 'a tile with the last of bars', changed(market, '$symbol', () => ({ targets: panelOf(market, 'RSI').targets }))],
  [
    2,
    'a first close of rows that are not sorted',
    changed(movers, 'Gainers', ({ transformations = [] }) => ({ transformations: transformations.filter(({ id }) => id !== 'sortBy') })),
  ],
  [
    2,
    'a sort that comes too late',
    changed(movers, 'Gainers', ({ transformations = [] }) => ({ transformations: transformations.slice(1) })),
  ],
  [3, 'ORDER BY beside IN', replaced(market, '$interval', /$/, ' ORDER BY start ASC')],
  [4, 'a variable of dates', withVariable("SELECT toDate(time) FROM gaps_by_day WHERE day = '2024-11-03'")],
  [5, 'a table of a frame for each symbol', replaced(quality, 'Flagged', /\(text\)'all' AS scope, /, '')],
  [6, 'a tile for each symbol', replaced(market, '$symbol', /\(text\)'all' AS scope, (.*) AND symbol = .*$/, 'symbol, $1')],
  [
    6,
    'colours by the order of frames',
    changed(dashboard('tapeline-compare'), 'Volatility', () => ({
      fieldConfig: { defaults: { color: { mode: 'palette-classic' } }, overrides: [] },
    })),
  ],
  [7, 'a timeline with the symbol as a row', changed(quality, 'Flags of bars', () => ({ transformations: [] }))],
  [
    7,
    'a timeline named by its fields',
    changed(quality, 'Flags of bars', ({ fieldConfig }) => ({
      fieldConfig: { defaults: { ...fieldConfig?.defaults, displayName: undefined }, overrides: [] },
    })),
  ],
  [
    7,
    'a timeline without colours',
    changed(quality, 'Flags of bars', ({ fieldConfig }) => ({
      fieldConfig: { defaults: { ...fieldConfig?.defaults, mappings: [] }, overrides: [] },
    })),
  ],
  [8, 'a decimal', replaced(market, '$interval', / volume /, ' CAST(volume AS decimal) AS volume ')],
  [8, 'a smallint that comes first', replaced(market, 'RSI', /SELECT symbol/, 'SELECT (smallint)1 AS scope')],
  [8, 'a query without its type', asked(market, 'RSI', () => ({ queryType: undefined }))],
  [9, 'a day by its date', replaced(quality, 'not filled', /day IN \([^)]*\)/, 'day IN (currentDate(), currentDate() - 1d)')],
  [10, 'a variable that is not there', replaced(market, 'RSI', /\$interval/, '$bars')],
  [11, 'a dashboard without a uid', { ...market, uid: '' }],
  [11, 'an export with questions', { ...market, ...{ __inputs: [{ name: 'DS_CASSANDRA' }] } }],
  [
    11,
    'a data source by a name of an export',
    asked(market, 'RSI', ({ datasource }) => ({ datasource: { ...datasource, uid: '${DS_CASSANDRA}' } })),
  ],
];

describe('the traps of Grafana on Cassandra', () => {
  it('are avoided by every dashboard', () => {
    for (const each of dashboards()) expect(faultsOf(each)).toEqual([]);
  });

  it.each(mutants)('%i: %s is found', (trap, _, mutant) => {
    expect(faultsOf(mutant).map(fault => fault.trap)).toContain(trap);
  });

  it('are eleven, and each has a mutant', () => {
    expect([...new Set(mutants.map(([trap]) => trap))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});

describe('the traps of alert rules', () => {
  const rules = alertRules().rules;
  const stale = rules.find(({ uid }) => uid === 'tapeline-stale-feed') as AlertRule;
  const withModels = (change: (model: Record<string, unknown>) => object): AlertRule => ({
    ...stale,
    data: stale.data.map(query => ({ ...query, model: { ...query.model, ...change(query.model as Record<string, unknown>) } })),
  });
  const asking = (target: string, reducer = 'min') =>
    withModels(({ refId, type }) => (refId === 'A' ? { target } : type === 'reduce' ? { reducer } : {}));
  const bars = "SELECT symbol, start, close FROM bars_by_symbol_interval WHERE symbol = 'A' AND interval = '1m' AND bucket = '2024-11'";

  it('are avoided by every rule', () => {
    expect(faultsOfRules({ rules })).toEqual([]);
    expect(rules.map(({ uid }) => uid)).toEqual(['tapeline-stale-feed', 'tapeline-behind', 'tapeline-errors']);
  });

  it.each([
    [2, 'the last of rows that come newest first', [asking(bars, 'last')]],
    [3, 'ORDER BY', [asking(`${bars} ORDER BY start ASC`)]],
    [8, 'a query of the type of panels', [withModels(({ refId }) => (refId === 'A' ? { queryType: 'query' } : {}))]],
    [9, 'a day by its date', [asking('SELECT day, time FROM gaps_by_day WHERE day IN (currentDate(), currentDate() - 1d)')]],
    [10, 'a variable', [asking(bars.replace("'A'", '${symbol:sqlstring}'))]],
    [11, 'a uid that another rule has', [stale, stale]],
    [11, 'a $ in an annotation', [{ ...stale, annotations: { summary: '{{ $values.B.Value }}' } }]],
  ] as const)('%i: %s is found', (trap, _, wrong) => {
    expect(faultsOfRules({ rules: wrong }).map(fault => fault.trap)).toContain(trap);
  });

  it('leave the newest of each partition to PER PARTITION LIMIT 1', () => {
    expect(faultsOfRules({ rules: [asking(`${bars} PER PARTITION LIMIT 1`, 'last')] })).toEqual([]);
  });
});
