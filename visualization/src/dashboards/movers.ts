/** *Movers*: which symbols rose and fell in the time shown, how much was traded, and what trading costs. */

import { PanelBuilder as BarChartPanel } from '@grafana/grafana-foundation-sdk/barchart';
import { StackingMode, VisibilityMode, VizOrientation } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard, DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';
import { coarseIntervals, reachOf } from './buckets.ts';
import { addressOf, dashboardOf } from './dashboard.ts';
import { barsOfSymbols, isThere, oneFrame } from './market-queries.ts';
import { green, legend, property, red, table, thresholds } from './panels.ts';
import { cassandraSource, cql } from './sources.ts';
import { arranged, calculated, first, grouped, oldestFirst, onlyWhere, sortedBy } from './transformations.ts';
import { intervalVariable, symbolsVariable } from './variables.ts';

const rows = 10;

const reach = reachOf(coarseIntervals);

/** The movers dashboard. */
export function movers(): Dashboard {
  return dashboardOf({
    name: 'movers',
    title: 'Movers',
    description: 'Symbols side by side, over the time shown.',
    from: 'now-24h',
    variables: [symbolsVariable(), intervalVariable(coarseIntervals, '15m')],
    panels: [
      moved('Gainers', 'that rose most, from the first bar’s open to the last bar’s close', 'greater'),
      moved('Losers', 'that fell most, from the first bar’s open to the last bar’s close', 'lower'),
      volumes(),
      spreads(),
    ],
  });
}

/** From a row for each bar to one for each symbol, with `change` as a fraction. */
export const changes: readonly DataTransformerConfig[] = [
  oldestFirst,
  grouped('symbol', { open: ['first'], close: ['last'], high: ['max'], low: ['min'] }),
  calculated('move', 'close (last)', '-', 'open (first)'),
  calculated('change', 'move', '/', 'open (first)'),
];

/** What `changes` leaves, as columns for people. */
export const changeColumns = {
  symbol: 'Symbol',
  'close (last)': 'Price',
  change: 'Change',
  'high (max)': 'High',
  'low (min)': 'Low',
} as const;

/** A table of `changes`: the symbol leads to its market. */
export function changeTable(heading: Parameters<typeof table>[0]) {
  return table(heading)
    .datasource(cassandraSource)
    .unit('none')
    .noValue('none')
    .overrideByName('Symbol', [property('links', [{ title: 'Market of ${__value.text}', url: marketOf }])])
    .overrideByName('Change', [
      property('unit', 'percentunit'),
      property('decimals', 2),
      property('thresholds', thresholds(red, [0, green]).build()),
      property('custom.cellOptions', { type: 'color-text' }),
    ])
    .withTarget(cql(barsOfSymbols(`${oneFrame}, symbol, start, open, high, low, close`)));
}

const marketOf = `${addressOf('market')}?var-symbol=\${__value.text:percentencode}&\${__url_time_range}`;

function moved(title: string, which: string, comparison: 'greater' | 'lower') {
  return changeTable({ title, description: `The ten symbols ${which}. ${reach}`, width: 12, height: 11 })
    .transformations([...changes, onlyWhere('change', comparison), sortedBy('change', comparison === 'greater'), first(rows)])
    .withTransformation(arranged(changeColumns, ['move', 'open (first)']));
}

function volumes() {
  return new BarChartPanel()
    .title('Volume')
    .description(
      `The ten symbols with the greatest volume, each in its own unit (shares, coins); what a feed does not tell counts as 0. ${reach}`,
    )
    .span(12)
    .height(11)
    .datasource(cassandraSource)
    .unit('short')
    .min(0)
    .orientation(VizOrientation.Horizontal)
    .stacking(StackingMode.None)
    .showValue(VisibilityMode.Auto)
    .legend(legend().showLegend(false))
    .withTarget(cql(barsOfSymbols(`${oneFrame}, symbol, start, volume`, isThere('volume'))))
    .transformations([grouped('symbol', { volume: ['sum'] }), sortedBy('volume (sum)', true), first(rows)])
    .withTransformation(arranged({ symbol: 'Symbol', 'volume (sum)': 'Volume' }, []));
}

function spreads() {
  const width = 12;
  const description = `Mean of ask − bid, by price: the ten widest. Symbols whose feed tells no bid and ask are not listed. ${reach}`;
  return table({ title: 'Spread', description, width, height: 11 })
    .datasource(cassandraSource)
    .unit('none')
    .noValue('none')
    .overrideByName('Spread of the price', [
      property('unit', 'percentunit'),
      property('decimals', 4),
      property('thresholds', thresholds(green, [0.001, 'orange'], [0.005, red]).build()),
      property('custom.cellOptions', { type: 'color-text' }),
    ])
    .withTarget(cql(barsOfSymbols(`${oneFrame}, symbol, start, close, spread_mean`, isThere('spread_mean'))))
    .transformations([
      grouped('symbol', { close: ['mean'], spread_mean: ['mean'] }),
      calculated('relative', 'spread_mean (mean)', '/', 'close (mean)'),
      sortedBy('relative', true),
      first(rows),
    ])
    .withTransformation(arranged({ symbol: 'Symbol', 'spread_mean (mean)': 'Spread', relative: 'Spread of the price' }, ['close (mean)']));
}
