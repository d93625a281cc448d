/** *Compare*: several symbols over the time shown, each begun at 100. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { coarseIntervals, reachOf } from './buckets.ts';
import { dashboardOf } from './dashboard.ts';
import { barsOfSymbols, isThere, oneFrame } from './market-queries.ts';
import { changeColumns, changes, changeTable } from './movers.ts';
import { lines } from './panels.ts';
import { cassandraSource, cql } from './sources.ts';
import { arranged, calculated, grouped, joinedBy, matrix, ofQuery, oldestFirst, sortedBy } from './transformations.ts';
import { intervalVariable, symbolsVariable } from './variables.ts';

const reach = reachOf(coarseIntervals);

/** The compare dashboard. */
export function compare(): Dashboard {
  return dashboardOf({
    name: 'compare',
    title: 'Compare',
    description: 'Several symbols on one scale.',
    from: 'now-24h',
    variables: [symbolsVariable(), intervalVariable(coarseIntervals, '5m')],
    panels: [indexed(), ranking(), volatility()],
  });
}

/** The rows twice: of one copy only each symbol's first close is left, and put beside each row of the other. */
function indexed() {
  const closes = barsOfSymbols(`${oneFrame}, symbol, start, close`);
  return lines({
    title: 'Close, the first one is 100',
    description: `Each symbol's closes divided by its first one in the time shown. ${reach}`,
    width: 24,
    height: 14,
  })
    .datasource(cassandraSource)
    .unit('none')
    .decimals(2)
    .spanNulls(true)
    .withTarget(cql(closes))
    .withTarget(cql(closes, 'B'))
    .transformations([
      oldestFirst,
      ofQuery('B', grouped('symbol', { close: ['first'] })),
      joinedBy('symbol'),
      calculated('ratio', closeOfFrame, '/', 'close (first)'),
      calculated('indexed', 'ratio', '*', 100),
      matrix('symbol', 'start', 'indexed'),
    ]);
}

/** After a join Grafana adds the frame's name, which is the constant of the first column. */
const closeOfFrame = 'close all';

function ranking() {
  return changeTable({
    title: 'Change',
    description: `From the first bar's open to the last bar's close, and the extremes between. ${reach}`,
    width: 12,
    height: 10,
  })
    .transformations([...changes, sortedBy('change', true)])
    .withTransformation(arranged(changeColumns, ['move', 'open (first)']));
}

function volatility() {
  return lines({
    title: 'Volatility',
    description: `Standard deviation of the last 20 logarithmic returns at each bar's close. ${reach}`,
    width: 12,
    height: 10,
  })
    .datasource(cassandraSource)
    .unit('percentunit')
    .displayName('${__series.name}')
    .withTarget(cql(barsOfSymbols('symbol, start, volatility_20', isThere('volatility_20'))))
    .withTransformation(oldestFirst);
}
