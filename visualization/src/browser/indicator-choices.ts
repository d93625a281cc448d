/** The indicators that a chart can show: their names, lines and places. */
import type { Indicators } from '@tapeline/core/bars';

/** A value of a bar that can be drawn: its indicators, and its own VWAP. */
export type ChartValueName = keyof Indicators | 'vwap';

export interface IndicatorLine {
  readonly value: ChartValueName;
  /** As the readout names it. */
  readonly label: string;
  /** The page's colour. */
  readonly color: `--line-${string}`;
  readonly kind: 'line' | 'dots' | 'histogram';
}

export interface IndicatorChoice {
  readonly name: string;
  readonly label: string;
  /** Over the candles, or in a pane of its own. */
  readonly pane: 'price' | 'rsi' | 'macd';
  readonly lines: readonly IndicatorLine[];
}

const line = (value: ChartValueName, label: string, color: IndicatorLine['color']): IndicatorLine => ({
  value,
  label,
  color,
  kind: 'line',
});

export const indicatorChoices = [
  { name: 'sma', label: 'SMA 20', pane: 'price', lines: [line('sma20', 'SMA 20', '--line-1')] },
  {
    name: 'ema',
    label: 'EMA 12 and 26',
    pane: 'price',
    lines: [line('ema12', 'EMA 12', '--line-2'), line('ema26', 'EMA 26', '--line-3')],
  },
  {
    name: 'bollinger',
    label: 'Bollinger bands 20, 2',
    pane: 'price',
    lines: [line('bollingerUpper', 'BB upper', '--line-4'), line('bollingerLower', 'BB lower', '--line-4')],
  },
  { name: 'vwap', label: 'VWAP of each bar', pane: 'price', lines: [{ ...line('vwap', 'VWAP', '--line-5'), kind: 'dots' }] },
  { name: 'rsi', label: 'RSI 14', pane: 'rsi', lines: [line('rsi14', 'RSI 14', '--line-3')] },
  {
    name: 'macd',
    label: 'MACD 12, 26, 9',
    pane: 'macd',
    lines: [
      { ...line('macdHistogram', 'Histogram', '--line-6'), kind: 'histogram' },
      line('macd', 'MACD', '--line-2'),
      line('macdSignal', 'Signal', '--line-1'),
    ],
  },
] as const satisfies readonly IndicatorChoice[];

export type IndicatorName = (typeof indicatorChoices)[number]['name'];

const first: readonly IndicatorName[] = ['sma', 'bollinger'];

/** Names as they were kept, in the order of the menu; two to begin with. */
export function readIndicators(text: string | undefined): readonly IndicatorName[] {
  if (text === undefined) return first;
  const kept = text.split(',');
  return indicatorChoices.map(choice => choice.name).filter(name => kept.includes(name));
}

/** The lines of the chosen indicators, each with its pane. */
export function linesOf(names: readonly IndicatorName[]): readonly (IndicatorLine & { readonly pane: IndicatorChoice['pane'] })[] {
  const chosen: readonly IndicatorChoice[] = indicatorChoices.filter(choice => names.includes(choice.name));
  return chosen.flatMap(choice => choice.lines.map(one => ({ ...one, pane: choice.pane })));
}

/** How many decimals a value is shown with: of a price of few decimals the same, else one more, because its moves are small. */
export function valueDecimals(name: ChartValueName, priceDecimals: number): number {
  if (name === 'rsi14') return 1;
  return name.startsWith('macd') && priceDecimals > 2 ? priceDecimals + 1 : priceDecimals;
}
