/** *Data quality*: what is missing, late, corrected or doubtful, and how old the newest is. */

import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HistogramPanel } from '@grafana/grafana-foundation-sdk/histogram';
import { PanelBuilder as StateTimelinePanel } from '@grafana/grafana-foundation-sdk/statetimeline';
import { type BarFlag, barFlags } from '@tapeline/core/bars';
import { coarseIntervals, hourBuckets, reachOf } from './buckets.ts';
import { addressOf, dashboardOf } from './dashboard.ts';
import { ageOf, barsOfSymbols, gaps, latest, oneFrame } from './market-queries.ts';
import { colorsByName, green, legend, orange, property, red, table, thresholds, tile } from './panels.ts';
import { prometheusChart } from './prometheus-chart.ts';
import { increase, rate, sum, times } from './promql.ts';
import { cassandraSource, cql } from './sources.ts';
import { arranged, grouped, oldestFirst, sortedBy } from './transformations.ts';
import { intervalVariable, symbolsVariable, symbolVariable } from './variables.ts';

const reach = reachOf(coarseIntervals);

/** The data quality dashboard. */
export function dataQuality(): Dashboard {
  return dashboardOf({
    name: 'data-quality',
    title: 'Data quality',
    description: 'Gaps, flags of bars, freshness and delay, as stored; what was late, as the processes count it.',
    from: 'now-6h',
    variables: [symbolsVariable(), intervalVariable(coarseIntervals, '1m'), symbolVariable('Delay of')],
    panels: [
      gapsLeft(),
      freshness(),
      gapList(),
      flagsOverTime(),
      flaggedBars(),
      flagCounts(),
      delays(),
      lateTicks(),
      corrections(),
      mismatches(),
    ],
  });
}

const colorOfFlag: Readonly<Record<BarFlag, string>> = {
  partial: 'blue',
  gap: red,
  filled: 'purple',
  corrected: 'yellow',
  reconciled: 'semi-dark-green',
  mismatch: orange,
};

function gapsLeft() {
  return tile({
    title: 'Gaps that are not filled',
    description: 'Spans without data of a symbol that began in the time shown and that no history has filled: of two months at most.',
    width: 6,
    height: 9,
  })
    .datasource(cassandraSource)
    .unit('none')
    .noValue('0')
    .thresholds(thresholds(green, [1, orange], [20, red]))
    .withTarget(cql(gaps(`${oneFrame}, count(*) AS gaps`, 'filled = false')));
}

function freshness() {
  return table({
    title: 'Freshness',
    description: 'How long ago each symbol had its newest price, the oldest first. A market that is closed is quiet, too.',
    width: 18,
    height: 9,
  })
    .datasource(cassandraSource)
    .unit('none')
    .overrideByName('Symbol', [
      property('links', [
        {
          title: 'Market of ${__value.text}',
          url: `${addressOf('market')}?var-symbol=\${__value.text:percentencode}&\${__url_time_range}`,
        },
      ]),
    ])
    .overrideByName('Age', [
      property('unit', 'ms'),
      property('thresholds', thresholds(green, [60_000, orange], [600_000, red]).build()),
      property('custom.cellOptions', { type: 'color-text' }),
    ])
    .withTarget(cql(latest(`${oneFrame}, symbol, price, time, ${ageOf('time')}`)))
    .transformations([sortedBy('age_ms', true)])
    .withTransformation(arranged({ symbol: 'Symbol', age_ms: 'Age', time: 'Newest price at', price: 'Price' }));
}

function gapList() {
  const length = 'toUnixTimestamp(to_time) - toUnixTimestamp(time) AS length_ms';
  return table({
    title: 'Gaps',
    description:
      'Spans without data that began in the time shown, newest first, of two months at most; filled once the vendor’s history took their place.',
    width: 24,
    height: 8,
  })
    .datasource(cassandraSource)
    .unit('none')
    .noValue('none')
    .overrideByName('Length', [property('unit', 'ms'), property('thresholds', thresholds(green, [60_000, orange], [600_000, red]).build())])
    .withTarget(cql(gaps(`${oneFrame}, time, to_time, symbol, reason, filled, ${length}`)))
    .transformations([sortedBy('time', true)])
    .withTransformation(
      arranged({ time: 'From', to_time: 'To', length_ms: 'Length', symbol: 'Symbol', reason: 'Reason', filled: 'Filled' }),
    );
}

/** One row a symbol, in the colour of the first flag of each bar; the column of symbols would be a row of its own. */
function flagsOverTime() {
  const options = (color: string, text?: string) => ({ result: { color, ...(text === undefined ? {} : { text }) } });
  return new StateTimelinePanel()
    .title('Flags of bars, $interval')
    .description(`What is to be known of each bar: partial, gap, filled, corrected, reconciled, mismatch; green has none. ${reach}`)
    .span(24)
    .height(9)
    .datasource(cassandraSource)
    .unit('none')
    .displayName('${__series.name}')
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .legend(legend())
    .mappings([
      { type: 'value', options: { '': { text: 'none', color: green } } },
      ...barFlags.map(flag => ({ type: 'regex' as const, options: { pattern: `/^${flag}\\b.*/`, ...options(colorOfFlag[flag]) } })),
    ] as never)
    .withTarget(cql(barsOfSymbols('symbol, start, flags')))
    .transformations([oldestFirst, arranged({}, ['symbol'])]);
}

function flaggedBars() {
  return table({
    title: 'Flagged bars, $interval',
    description: `Bars with a flag, newest first. A revision is how often a bar was given out again with a change. ${reach}`,
    width: 16,
    height: 9,
  })
    .datasource(cassandraSource)
    .unit('none')
    .noValue('none')
    .withTarget(cql(barsOfSymbols(`${oneFrame}, symbol, start, flags, revision, tick_count`, "flags > ''")))
    .transformations([sortedBy('start', true)])
    .withTransformation(arranged({ start: 'Start', symbol: 'Symbol', flags: 'Flags', revision: 'Revision', tick_count: 'Ticks' }));
}

function flagCounts() {
  return table({
    title: 'How many bars have which flags',
    description: `Bars of the time shown by their flags, the most frequent first. ${reach}`,
    width: 8,
    height: 9,
  })
    .datasource(cassandraSource)
    .unit('none')
    .noValue('none')
    .overrideByName('Bars', [property('thresholds', thresholds(green, [1, orange], [100, red]).build())])
    .withTarget(cql(barsOfSymbols(`${oneFrame}, flags, start`, "flags > ''")))
    .transformations([grouped('flags', { start: ['count'] }), sortedBy('start (count)', true)])
    .withTransformation(arranged({ flags: 'Flags', 'start (count)': 'Bars' }, []));
}

/** Of many ticks some are enough for their distribution; partitions come in the order of their hours. */
function delays() {
  const delay = 'toUnixTimestamp(received_time) - toUnixTimestamp(source_time) AS delay_ms';
  const partition = `symbol = \${symbol:sqlstring} AND hour IN ${hourBuckets}`;
  return new HistogramPanel()
    .title('Delay of $symbol')
    .description(
      'From the vendor’s stamp to the receipt, of 50,000 ticks at most of the newest 24 hours; needs stored ticks. Stamps are whole seconds, of some symbols whole minutes.',
    )
    .span(24)
    .height(8)
    .datasource(cassandraSource)
    .unit('ms')
    .colorScheme(colorsByName())
    .legend(legend().showLegend(false))
    .overrideByName('delay_ms', [property('displayName', 'Delay')])
    .withTarget(
      cql(
        `SELECT symbol, time, ${delay} FROM ticks_by_symbol_hour WHERE ${partition} AND time >= $__timeFrom AND time <= $__timeTo LIMIT 50000`,
      ),
    );
}

function lateTicks() {
  return prometheusChart(
    {
      title: 'Late and refused ticks a minute',
      description: 'Records that came too late even for a correction, and others that went to the dead-letter topic, by reason.',
      width: 8,
      height: 8,
    },
    'short',
    [
      [times(60, sum(rate('tapeline_stream_processor_dead_letters_total', '5m', { reason: 'late' }))), 'late'],
      [times(60, sum(rate('tapeline_stream_processor_dead_letters_total', '5m', { reason: '!late' }), 'reason')), '{{reason}}'],
      [times(60, sum(rate('tapeline_ingester_ticks_refused_total', '5m'), 'reason')), 'ingester: {{reason}}'],
    ],
  );
}

function corrections() {
  return prometheusChart(
    {
      title: 'Corrected bars a minute',
      description: 'Bars given out again because a tick came after their close, and those made or replaced by history.',
      width: 8,
      height: 8,
    },
    'short',
    [
      [times(60, sum(rate('tapeline_stream_processor_corrections_total', '5m'))), 'corrected'],
      [times(60, sum(rate('tapeline_stream_processor_history_records_total', '5m'), 'action')), 'history: {{action}}'],
    ],
  );
}

function mismatches() {
  return prometheusChart(
    {
      title: 'Bars compared with the vendor’s',
      description: 'In the day before each point, by verdict: equal within the tolerance, split of a stock, mismatch.',
      width: 8,
      height: 8,
    },
    'short',
    [[sum(increase('tapeline_backfiller_bars_compared_total', '1d'), 'verdict'), '{{verdict}}']],
  );
}
