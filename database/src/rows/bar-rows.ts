/**
 * Bars as cells; indicators have a column each, flags are joined by commas in their one order. A bar of history says nothing of
 * indicators: those that were given out at the close of its window stay.
 */
import { type Bar, type BarFlag, barFlags, type Indicators, isOfHistory } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import { type Cells, numberIn, optionalNumber, optionalText, type RowShape, textIn, withoutAbsent } from './cells.ts';

const indicatorColumns = [
  ['sma_20', 'sma20'],
  ['ema_12', 'ema12'],
  ['ema_26', 'ema26'],
  ['macd', 'macd'],
  ['macd_signal', 'macdSignal'],
  ['macd_histogram', 'macdHistogram'],
  ['rsi_14', 'rsi14'],
  ['bollinger_upper', 'bollingerUpper'],
  ['bollinger_lower', 'bollingerLower'],
  ['atr_14', 'atr14'],
  ['momentum_10', 'momentum10'],
  ['volatility_20', 'volatility20'],
] as const satisfies readonly (readonly [string, keyof Indicators])[];

const indicators = indicatorColumns.map(([column]) => column);

export const barRows: RowShape<Bar> = {
  columns: [
    ...['symbol', 'interval', 'start', 'end_time', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'vwap_kind'],
    ...['tick_count', 'spread_mean', 'state', 'flags', 'revision', ...indicators],
  ],
  optional: ['volume', 'vwap', 'vwap_kind', 'spread_mean', ...indicators],
  kept: { columns: indicators, by: isOfHistory },
  versionOf: bar => bar.versionUs,
  cellsOf: bar => [
    ...[bar.symbol, bar.interval, bar.startMs, bar.endMs, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.vwapKind],
    ...[bar.tickCount, bar.spreadMean, bar.state, bar.flags.join(','), bar.revision],
    ...indicatorColumns.map(([, name]) => bar.indicators?.[name]),
  ],
  rowOf: (cells, versionUs) =>
    withoutAbsent<Bar>({
      symbol: textIn(cells, 'symbol'),
      interval: textIn(cells, 'interval') as Interval,
      startMs: numberIn(cells, 'start'),
      endMs: numberIn(cells, 'end_time'),
      open: numberIn(cells, 'open'),
      high: numberIn(cells, 'high'),
      low: numberIn(cells, 'low'),
      close: numberIn(cells, 'close'),
      volume: optionalNumber(cells, 'volume'),
      vwap: optionalNumber(cells, 'vwap'),
      vwapKind: optionalText(cells, 'vwap_kind') as Bar['vwapKind'],
      tickCount: numberIn(cells, 'tick_count'),
      spreadMean: optionalNumber(cells, 'spread_mean'),
      state: textIn(cells, 'state') as Bar['state'],
      flags: flagsIn(textIn(cells, 'flags')),
      revision: numberIn(cells, 'revision'),
      versionUs,
      indicators: indicatorsIn(cells),
    }),
};

function flagsIn(text: string): readonly BarFlag[] {
  const given = text.split(',');
  return barFlags.filter(flag => given.includes(flag));
}

function indicatorsIn(cells: Cells): Indicators | undefined {
  const known = indicatorColumns.filter(([column]) => cells[column] !== undefined);
  if (known.length === 0) return undefined;
  return Object.fromEntries(known.map(([column, name]) => [name, numberIn(cells, column)]));
}
