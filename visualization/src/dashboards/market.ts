/** *Market*: the bars of one symbol, the indicators of their close, and what happened meanwhile. */

import { CandleStyle, PanelBuilder as CandlestickPanel, ColorStrategy, VizDisplayMode } from '@grafana/grafana-foundation-sdk/candlestick';
import { BigValueColorMode, GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard, DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { intervals } from '@tapeline/core/intervals';
import { annotationsOfSymbol } from './annotations.ts';
import { reachOf } from './buckets.ts';
import { dashboardOf } from './dashboard.ts';
import { ageOf, alerts, barsOfSymbol, isThere, latestOfSymbol, oneFrame } from './market-queries.ts';
import { green, legend, lines, orange, property, red, table, thresholds, tile } from './panels.ts';
import { cassandraSource, cql } from './sources.ts';
import { arranged, merged, oldestFirst, sortedBy } from './transformations.ts';
import { intervalVariable, symbolVariable } from './variables.ts';

const reach = reachOf(intervals);

/** The market dashboard. */
export function market(): Dashboard {
  return dashboardOf({
    name: 'market',
    title: 'Market',
    description: 'Bars of one symbol, as stored.',
    from: 'now-3h',
    variables: [symbolVariable(), intervalVariable(intervals, '1m')],
    annotations: annotationsOfSymbol(),
    panels: [lastPrice(), candles(), relativeStrength(), convergence(), alertList()],
  });
}

function lastPrice() {
  return tile({
    title: '$symbol',
    description:
      'The newest price of the symbol, whatever the time shown. Bid, ask and volume of the day are 0 where the feed does not tell them.',
    width: 24,
    height: 4,
  })
    .datasource(cassandraSource)
    .unit('none')
    .colorMode(BigValueColorMode.Value)
    .thresholds(thresholds('text'))
    .overrideByName('price', [property('displayName', 'Price')])
    .overrideByName('bid', [property('displayName', 'Bid')])
    .overrideByName('ask', [property('displayName', 'Ask')])
    .overrideByName('day_volume', [property('displayName', 'Volume of the day'), property('unit', 'short')])
    .overrideByName('age_ms', [
      property('displayName', 'Age'),
      property('unit', 'ms'),
      property('thresholds', thresholds(green, [60_000, orange], [600_000, red]).build()),
    ])
    .withTarget(cql(latestOfSymbol(`${oneFrame}, price, bid, ask, day_volume, ${ageOf('time')}`)));
}

/** No alias and no names of its own for open, high, low, close and volume: the panel finds them by their names. */
function candles() {
  return new CandlestickPanel()
    .title('$symbol, $interval')
    .description(`Candles and volume; VWAP of each bar; SMA 20 and Bollinger bands (20, 2) at its close. ${reach}`)
    .span(24)
    .height(16)
    .datasource(cassandraSource)
    .mode(VizDisplayMode.CandlesVolume)
    .candleStyle(CandleStyle.Candles)
    .colorStrategy(ColorStrategy.OpenClose)
    .includeAllFields(true)
    .unit('none')
    .legend(legend())
    .overrideByName('volume', [property('unit', 'short')])
    .overrideByName('vwap', line('VWAP', 'purple'))
    .overrideByName('sma_20', line('SMA 20', 'blue'))
    .overrideByName('bollinger_upper', line('Bollinger, upper', 'semi-dark-yellow'))
    .overrideByName('bollinger_lower', line('Bollinger, lower', 'semi-dark-yellow'))
    .withTarget(cql(barsOfSymbol('symbol, start, open, high, low, close, volume')))
    .withTarget(cql(barsOfSymbol('symbol, start, vwap', isThere('vwap')), 'B'))
    .withTarget(cql(barsOfSymbol('symbol, start, sma_20, bollinger_upper, bollinger_lower', isThere('sma_20')), 'C'))
    .transformations([merged, oldestFirst, arranged({}, ['symbol'])]);
}

function line(name: string, color: string): DynamicConfigValue[] {
  return [
    property('displayName', name),
    property('color', { mode: 'fixed', fixedColor: color }),
    property('custom.lineWidth', 1),
    property('custom.fillOpacity', 0),
  ];
}

function relativeStrength() {
  return lines({
    title: 'RSI 14',
    description: `Relative strength by Wilder's mean: above 70 overbought, below 30 oversold. ${reach}`,
    width: 24,
    height: 6,
  })
    .datasource(cassandraSource)
    .unit('none')
    .min(0)
    .max(100)
    .thresholds(thresholds('transparent', [30, 'text'], [70, 'text']))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
    .overrideByName('rsi_14', line('RSI 14', 'purple'))
    .withTarget(cql(barsOfSymbol('symbol, start, rsi_14', isThere('rsi_14'))))
    .withTransformation(oldestFirst);
}

function convergence() {
  return lines({
    title: 'MACD 12, 26, 9',
    description: `Difference of two exponential means, its own mean of 9 bars (signal), and what lies between them (columns). ${reach}`,
    width: 24,
    height: 6,
  })
    .datasource(cassandraSource)
    .unit('none')
    .overrideByName('macd', line('MACD', 'blue'))
    .overrideByName('macd_signal', line('Signal', 'orange'))
    .overrideByName('macd_histogram', [
      ...line('Histogram', 'text'),
      property('custom.drawStyle', 'bars'),
      property('custom.fillOpacity', 60),
    ])
    .withTarget(cql(barsOfSymbol('symbol, start, macd, macd_signal, macd_histogram', isThere('macd_signal'))))
    .withTransformation(oldestFirst);
}

function alertList() {
  return table({
    title: 'Alerts',
    description: 'Alerts of all symbols in the time shown, newest first; an empty symbol means a whole feed.',
    width: 24,
    height: 8,
  })
    .datasource(cassandraSource)
    .unit('none')
    .noValue('none')
    .withTarget(cql(alerts(`${oneFrame}, time, symbol, rule, condition, severity, message`)))
    .withTransformation(sortedBy('time', true))
    .withTransformation(
      arranged({ time: 'Time', symbol: 'Symbol', severity: 'Severity', rule: 'Rule', condition: 'Condition', message: 'Message' }),
    );
}
