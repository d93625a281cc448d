/** Candlesticks and volume of one symbol: the only module that speaks to the chart library. */
import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { BoardBar } from '../board-messages.ts';
import { BarSeries } from './bar-series.ts';
import { fixed } from './number-format.ts';

/** From the one that matters most to the one that matters least: a bar carries one mark. */
export const flagOrder = ['gap', 'mismatch', 'corrected', 'partial', 'filled', 'reconciled'] as const;

export class PriceChart {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<'Candlestick'>;
  readonly #volumes: ISeriesApi<'Histogram'>;
  readonly #marks: ISeriesMarkersPluginApi<Time>;
  readonly #series = new BarSeries();
  readonly #pointed: (bar: BoardBar | undefined) => void;
  #colors = readColors();
  /** Set once the history is there; until then each drawing chooses the range that is shown. */
  #isSettled = false;
  #hoveredMs: number | undefined;

  /** @param pointed told the bar under the cross-hair, or the last one, whenever it changes */
  constructor(container: HTMLElement, pointed: (bar: BoardBar | undefined) => void) {
    this.#pointed = pointed;
    // Its own mark needs an inline style, which the page's policy forbids; the link stands under the chart.
    this.#chart = createChart(container, { autoSize: true, crosshair: { mode: CrosshairMode.Normal }, layout: { attributionLogo: false } });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {}, 0);
    this.#volumes = this.#chart.addSeries(HistogramSeries, { priceFormat: { type: 'volume' }, priceLineVisible: false }, 1);
    this.#chart.panes()[0]?.setStretchFactor(4);
    this.#chart.panes()[1]?.setStretchFactor(1);
    this.#marks = createSeriesMarkers<Time>(this.#candles, []);
    this.#chart.subscribeCrosshairMove(({ time }) => {
      this.#hoveredMs = typeof time === 'number' ? time * 1_000 : undefined;
      this.#point();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
    this.#paint();
  }

  get bars(): readonly BoardBar[] {
    return this.#series.bars;
  }

  /** Begins anew for another symbol or interval. */
  clear(options: { readonly showsSeconds: boolean }): void {
    this.#series.clear();
    this.#isSettled = false;
    this.#chart.timeScale().applyOptions({ timeVisible: true, secondsVisible: options.showsSeconds });
    this.#drawAll();
  }

  /** Takes bars in: new ones, grown ones and corrected ones. */
  merge(bars: readonly BoardBar[]): void {
    const atEnd = this.#series.merge(bars);
    if (atEnd === undefined || !this.#isSettled) this.#drawAll();
    else this.#drawEnd(atEnd);
    this.#point();
  }

  /** The history is there: from now on the range that is shown is the reader's. */
  settle(): void {
    if (!this.#isSettled) this.#drawAll();
    this.#isSettled = true;
  }

  setDecimals(decimals: number): void {
    this.#candles.applyOptions({
      priceFormat: { type: 'custom', formatter: (price: number) => fixed(price, decimals), minMove: 10 ** -decimals },
    });
  }

  #drawEnd(bars: readonly BoardBar[]): void {
    for (const bar of bars) {
      this.#candles.update(candleOf(bar));
      this.#volumes.update(this.#volumeOf(bar));
    }
    if (bars.some(bar => bar.flags.length > 0)) this.#drawMarks();
  }

  #drawAll(): void {
    const { bars } = this.#series;
    this.#candles.setData(bars.map(candleOf));
    this.#volumes.setData(bars.map(bar => this.#volumeOf(bar)));
    this.#drawMarks();
    if (this.#isSettled || bars.length === 0) return;
    // The newest bars at a width that can be read; few bars stay at the right, where the next will come.
    const most = Math.round(this.#chart.timeScale().width() / 8);
    const shown = Math.max(30, Math.min(most, bars.length + 10));
    this.#chart.timeScale().setVisibleLogicalRange({ from: bars.length - shown, to: bars.length + 3 });
  }

  #drawMarks(): void {
    const marks = this.#series.bars.flatMap(bar => {
      const flag = flagOrder.find(candidate => bar.flags.includes(candidate));
      const color = flag === undefined ? undefined : this.#colors[`--flag-${flag}`];
      if (color === undefined) return [];
      return [{ time: timeOf(bar), position: 'aboveBar' as const, shape: 'circle' as const, color, size: 0.6 }];
    });
    this.#marks.setMarkers(marks);
  }

  #volumeOf(bar: BoardBar): { time: UTCTimestamp; value?: number; color?: string } {
    if (bar.volume === undefined) return { time: timeOf(bar) };
    const color = this.#colors[bar.close >= bar.open ? '--volume-up' : '--volume-down'];
    return { time: timeOf(bar), value: bar.volume, ...(color === undefined ? {} : { color }) };
  }

  #point(): void {
    const hovered = this.#hoveredMs === undefined ? undefined : this.#series.at(this.#hoveredMs);
    this.#pointed(hovered ?? this.#series.bars.at(-1));
  }

  /** Takes the colours of the page, which follow the system's scheme. */
  #paint(): void {
    const colors = readColors();
    this.#colors = colors;
    const text = colors['--muted'];
    const line = colors['--line'];
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colors['--panel'] ?? 'transparent' },
        textColor: text,
        fontSize: 11,
        fontFamily: getComputedStyle(document.body).fontFamily,
        panes: { separatorColor: line, enableResize: false },
      },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line, rightOffset: 3 },
    });
    const [up, down] = [colors['--up'], colors['--down']];
    this.#candles.applyOptions({ upColor: up, downColor: down, borderVisible: false, wickUpColor: up, wickDownColor: down });
    this.#drawAll();
  }
}

function candleOf(bar: BoardBar): { time: UTCTimestamp; open: number; high: number; low: number; close: number } {
  return { time: timeOf(bar), open: bar.open, high: bar.high, low: bar.low, close: bar.close };
}

function timeOf(bar: BoardBar): UTCTimestamp {
  return (bar.startMs / 1_000) as UTCTimestamp;
}

function readColors(): Readonly<Record<string, string>> {
  const style = getComputedStyle(document.documentElement);
  const names = [
    '--panel',
    '--muted',
    '--line',
    '--up',
    '--down',
    '--volume-up',
    '--volume-down',
    ...flagOrder.map(flag => `--flag-${flag}`),
  ];
  return Object.fromEntries(names.map(name => [name, style.getPropertyValue(name).trim()]));
}
