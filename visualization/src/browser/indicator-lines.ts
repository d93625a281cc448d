/** Draws the chosen indicators: lines over the candles, RSI and MACD in panes of their own below the volume. */
import { HistogramSeries, type IChartApi, type ISeriesApi, LineSeries, LineStyle, type UTCTimestamp } from 'lightweight-charts';
import { timeOf } from './candle-drawing.ts';
import type { ChartColors } from './chart-colors.ts';
import { type ChartValueName, type IndicatorLine, type IndicatorName, linesOf, valueDecimals } from './indicator-choices.ts';
import type { ChartValues } from './indicator-values.ts';
import { fixed } from './number-format.ts';
import type { Slot } from './time-slots.ts';

interface Point {
  readonly time: UTCTimestamp;
  readonly value?: number;
  readonly color?: string;
}

interface DrawnLine {
  readonly line: IndicatorLine & { readonly pane: string };
  readonly series: ISeriesApi<'Line'> | ISeriesApi<'Histogram'>;
}

/** The candles and the volume have the first two panes. */
const firstPane = 2;

export class IndicatorLines {
  readonly #chart: IChartApi;
  #drawn: readonly DrawnLine[] = [];
  #colors: ChartColors = () => 'transparent';
  #names: readonly IndicatorName[] = [];
  #decimals = 2;

  constructor(chart: IChartApi) {
    this.#chart = chart;
  }

  /** Takes other indicators; they are empty until `setData`. @returns the number of panes below the volume */
  choose(names: readonly IndicatorName[]): number {
    this.#names = names;
    for (const { series } of this.#drawn) this.#chart.removeSeries(series);
    const lines = linesOf(names);
    const panes = [...new Set(lines.map(line => line.pane))].filter(pane => pane !== 'price');
    this.#drawn = lines.map(line => ({ line, series: this.#add(line, line.pane === 'price' ? 0 : firstPane + panes.indexOf(line.pane)) }));
    for (const index of panes.keys()) this.#chart.panes()[firstPane + index]?.setStretchFactor(1.2);
    this.#format();
    return panes.length;
  }

  /** Takes other colours; the lines are empty until `setData`. */
  paint(colors: ChartColors): void {
    this.#colors = colors;
    this.choose(this.#names);
  }

  setDecimals(decimals: number): void {
    this.#decimals = decimals;
    this.#format();
  }

  /** Draws all of `slots`; `values` are those of the bars in them, in their order. */
  setData(slots: readonly Slot[], values: readonly ChartValues[]): void {
    let bars = 0;
    const known = slots.map(slot => (slot.bar === undefined ? undefined : values[bars++]));
    for (const { line, series } of this.#drawn) {
      const points = slots.map((slot, index) => pointOf(slot, known[index], line.value));
      series.setData(points.map((point, index) => (line.kind === 'line' ? endedAtHole(point, points[index + 1]) : point)));
    }
  }

  /** Draws a place at the end anew, or one more. */
  update(slot: Slot, values: ChartValues | undefined): void {
    for (const { line, series } of this.#drawn) series.update(pointOf(slot, values, line.value));
  }

  #add(line: IndicatorLine & { readonly pane: string }, pane: number): DrawnLine['series'] {
    const options = {
      color: this.#colors(line.color),
      priceLineVisible: false,
      lastValueVisible: line.value === 'rsi14' || line.value === 'macd',
    };
    if (line.kind === 'histogram') return this.#chart.addSeries(HistogramSeries, options, pane);
    const look =
      line.kind === 'dots' ? { lineVisible: false, pointMarkersVisible: true, pointMarkersRadius: 2 } : { lineWidth: 1 as const };
    const series = this.#chart.addSeries(LineSeries, { ...options, ...look, crosshairMarkerVisible: false }, pane);
    if (line.value === 'rsi14') {
      for (const price of [30, 70]) {
        series.createPriceLine({
          price,
          color: this.#colors('--muted'),
          lineWidth: 1,
          lineStyle: LineStyle.Dotted,
          axisLabelVisible: false,
        });
      }
    }
    return series;
  }

  #format(): void {
    for (const { line, series } of this.#drawn) {
      const decimals = valueDecimals(line.value, this.#decimals);
      series.applyOptions({
        priceFormat: { type: 'custom', formatter: (value: number) => fixed(value, decimals), minMove: 10 ** -decimals },
      });
    }
  }
}

function pointOf(slot: Slot, values: ChartValues | undefined, name: ChartValueName): Point {
  const time = timeOf(slot.startMs);
  const value = name === 'vwap' ? values?.vwap : values?.indicators[name];
  return value === undefined ? { time } : { time, value };
}

/** The library draws a line across places without a value, in the colour of the point before them. */
function endedAtHole(point: Point, next: Point | undefined): Point {
  const isLast = point.value !== undefined && next !== undefined && next.value === undefined;
  return isLast ? { ...point, color: 'transparent' } : point;
}
