/** Candles, volume and marks, as the chart library takes them. */
import {
  CandlestickSeries,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { type ChartMark, isHollow } from './bar-marks.ts';
import type { ChartColors } from './chart-colors.ts';
import { fixed } from './number-format.ts';
import type { Slot } from './time-slots.ts';

type Candle = Parameters<ISeriesApi<'Candlestick'>['update']>[0];
type Volume = Parameters<ISeriesApi<'Histogram'>['update']>[0];

export class CandleDrawing {
  /** What the cross-hair and the shading of gaps hold on to. */
  readonly candles: ISeriesApi<'Candlestick'>;
  readonly #volumes: ISeriesApi<'Histogram'>;
  readonly #marks: ISeriesMarkersPluginApi<Time>;
  #colors: ChartColors = () => 'transparent';
  #hasVolume = true;

  /** Takes the first pane of a chart for the candles and the second for the volume. */
  constructor(chart: IChartApi) {
    this.candles = chart.addSeries(CandlestickSeries, {}, 0);
    this.#volumes = chart.addSeries(HistogramSeries, { priceFormat: { type: 'volume' }, priceLineVisible: false }, 1);
    this.candles.getPane().setStretchFactor(4);
    this.#volumes.getPane().setStretchFactor(1);
    this.#marks = createSeriesMarkers<Time>(this.candles, []);
  }

  /** Draws all places. */
  setData(slots: readonly Slot[]): void {
    this.candles.setData(slots.map(slot => this.#candleOf(slot)));
    this.#volumes.setData(slots.map(slot => this.#volumeOf(slot)));
    if (slots.length > 0) this.#showVolumes(slots.some(hasVolume));
  }

  /** Draws the last place anew, or one more. */
  update(slot: Slot): void {
    this.candles.update(this.#candleOf(slot));
    this.#volumes.update(this.#volumeOf(slot));
    if (hasVolume(slot)) this.#showVolumes(true);
  }

  setMarks(marks: readonly ChartMark[]): void {
    const drawn = marks.map(({ startMs, color, ...mark }) => ({ ...mark, time: timeOf(startMs), color: this.#colors(color) }));
    this.#marks.setMarkers(drawn.sort((a, b) => a.time - b.time));
  }

  setDecimals(decimals: number): void {
    const formatter = (price: number) => fixed(price, decimals);
    this.candles.applyOptions({ priceFormat: { type: 'custom', formatter, minMove: 10 ** -decimals } });
  }

  /** Takes other colours; what is drawn has them after `setData`. */
  paint(colors: ChartColors): void {
    this.#colors = colors;
    const [up, down] = [colors('--up'), colors('--down')];
    this.candles.applyOptions({
      ...{ upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down },
    });
  }

  /** A market that tells no volume has its pane's room for the candles. */
  #showVolumes(isShown: boolean): void {
    if (isShown !== this.#hasVolume) this.#volumes.getPane().setStretchFactor(isShown ? 1 : 0);
    this.#hasVolume = isShown;
  }

  #candleOf({ startMs, bar }: Slot): Candle {
    const time = timeOf(startMs);
    if (bar === undefined) return { time };
    const { open, high, low, close } = bar;
    return { time, open, high, low, close, ...(isHollow(bar) ? { color: this.#colors('--panel') } : {}) };
  }

  #volumeOf({ startMs, bar }: Slot): Volume {
    const time = timeOf(startMs);
    if (bar?.volume === undefined) return { time };
    return { time, value: bar.volume, color: this.#colors(bar.close >= bar.open ? '--volume-up' : '--volume-down') };
  }
}

function hasVolume({ bar }: Slot): boolean {
  return bar?.volume !== undefined;
}

/** A time as the library counts it: seconds. */
export function timeOf(startMs: number): UTCTimestamp {
  return (startMs / 1_000) as UTCTimestamp;
}
