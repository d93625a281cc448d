/** Candlesticks, volume, marks, gaps and indicators of one symbol: what is drawn of the bars, and which bar is pointed at. */
import { ColorType, CrosshairMode, createChart, type IChartApi } from 'lightweight-charts';
import type { BoardAlert, BoardBar, OpenGap } from '../board-messages.ts';
import { alertMarks, markOf, placesOfAlertText } from './bar-marks.ts';
import type { PointedBar } from './bar-readout.ts';
import { BarSeries, mostBars } from './bar-series.ts';
import { CandleDrawing } from './candle-drawing.ts';
import { readColors } from './chart-colors.ts';
import { ChartGaps } from './chart-gaps.ts';
import { CrossHair } from './cross-hair.ts';
import { GapShading } from './gap-shading.ts';
import type { IndicatorName } from './indicator-choices.ts';
import { IndicatorLines } from './indicator-lines.ts';
import { IndicatorValues } from './indicator-values.ts';
import { placesAtRight, ShownPlaces, type ShownRange } from './shown-places.ts';
import { type GapSpan, type Slot, slotAt, slotsOf, type TimeSpan } from './time-slots.ts';

export interface PriceChartEvents {
  readonly pointed: (at: PointedBar) => void;
  readonly ranged: (range: ShownRange) => void;
}

export class PriceChart {
  readonly #chart: IChartApi;
  readonly #candles: CandleDrawing;
  readonly #shading = new GapShading();
  readonly #lines: IndicatorLines;
  readonly #crossHair: CrossHair;
  readonly #places: ShownPlaces;
  readonly #series = new BarSeries();
  readonly #values = new IndicatorValues();
  readonly #gaps = new ChartGaps();
  readonly #events: PriceChartEvents;
  #slots: readonly Slot[] = [];
  #alerts: readonly BoardAlert[] = [];
  /** Places that their texts needed when they were drawn. */
  #alertPlaces = 0;
  #symbol = '';
  #windowMs = 60_000;
  /** Those of the bars at the end: a bar that only grows has its mark already. */
  #drawnFlags = '';

  constructor(container: HTMLElement, events: PriceChartEvents) {
    this.#events = events;
    this.#chart = createChart(container, {
      autoSize: true,
      crosshair: { mode: CrosshairMode.Normal },
      // Its own mark needs an inline style, which the page's policy forbids; the link stands under the chart.
      layout: { attributionLogo: false },
      // A finger that moves up or down scrolls the page.
      handleScroll: { vertTouchDrag: false },
    });
    // Canvases in a table of layout: the container tells what is in them, by the keys.
    this.#chart.chartElement().setAttribute('aria-hidden', 'true');
    this.#candles = new CandleDrawing(this.#chart);
    this.#candles.candles.attachPrimitive(this.#shading);
    this.#lines = new IndicatorLines(this.#chart);
    this.#crossHair = new CrossHair(this.#chart, this.#candles, () => this.#point());
    this.#places = new ShownPlaces(this.#chart, () => this.#ranged());
  }

  get bars(): readonly BoardBar[] {
    return this.#series.bars;
  }

  get isFull(): boolean {
    return this.#series.bars.length >= mostBars;
  }

  /** Begins anew for another symbol or interval. */
  clear(options: { readonly symbol: string; readonly windowMs: number }): void {
    this.#symbol = options.symbol;
    this.#windowMs = options.windowMs;
    this.#series.clear();
    this.#gaps.clear(options);
    this.#crossHair.leave();
    this.#places.clear(options.windowMs);
    // A scale that the reader has dragged shows the prices of what was here before.
    for (const pane of this.#chart.panes()) pane.priceScale('right').applyOptions({ autoScale: true });
    this.#drawAll();
    this.#point();
  }

  /** The history is read again: what it tells takes the place of what is here. */
  doubt(): void {
    this.#series.doubt();
  }

  /** Takes in the newest bars of the history; those before them are read again where they do not join. */
  renew(bars: readonly BoardBar[]): void {
    if (this.#series.leaveUnjoined(bars)) this.#drawAll();
    this.merge(bars);
  }

  /** Leaves out the bars that were read again in a span and are not there any more, but where the server does not know them. */
  leaveDoubted(span: TimeSpan, missing: TimeSpan | undefined): void {
    if (!this.#series.leaveDoubted(span, missing)) return;
    this.#drawAll();
    this.#point();
  }

  /** Shades the span whose bars the server does not know. */
  showMissing(span: TimeSpan): void {
    this.#gaps.lack(span);
    this.#drawAll();
    this.#point();
  }

  /** Nothing is missing any more; what is before `toMs` is read again, for no more than a part of it may be there. */
  leaveMissing(toMs: number): void {
    this.#gaps.lack(undefined);
    this.#series.leaveBefore(toMs);
    this.#drawAll();
    this.#point();
  }

  /** Takes bars in: new ones, grown ones and corrected ones. */
  merge(bars: readonly BoardBar[]): void {
    const lastMs = this.#series.bars.at(-1)?.startMs;
    const changed = this.#series.merge(bars);
    if (changed === 'nothing') return;
    // An empty place may stand after the last bar.
    const isAtEnd = changed === 'end' && lastMs !== undefined && lastMs === this.#slots.at(-1)?.startMs;
    if (isAtEnd && this.#places.isSettled) this.#drawEnd(lastMs);
    else this.#drawAll();
    this.#point();
  }

  /** Puts older bars before the others. @returns how many there was room for */
  prepend(bars: readonly BoardBar[]): number {
    const taken = this.#series.prepend(bars);
    if (taken > 0) this.#drawAll();
    return taken;
  }

  /** Shows the gaps of the symbol, by time. */
  showGaps(gaps: readonly GapSpan[]): void {
    this.#gaps.take(gaps);
    this.#drawAll();
    this.#point();
  }

  /** Shows the gap that goes on, up to now; one that is over stays as it is until the history tells of it. */
  showOpenGap(gap: OpenGap | undefined, nowMs: number): void {
    if (!this.#gaps.follow(gap, nowMs)) return;
    this.#drawAll();
    this.#point();
  }

  /** Time passes: the gap that goes on grows. */
  tick(nowMs: number): void {
    if (this.#gaps.tick(nowMs)) this.#drawAll();
  }

  /** Shows the alerts that are of the symbol. */
  showAlerts(alerts: readonly BoardAlert[]): void {
    this.#alerts = alerts;
    this.#drawMarks();
  }

  /** The history is there: from now on the range that is shown is the reader's. */
  settle(): void {
    if (!this.#places.isSettled) this.#drawAll();
    this.#places.settle();
    // A question for older bars may have been given up for the newest ones.
    this.#ranged();
  }

  setDecimals(decimals: number): void {
    this.#candles.setDecimals(decimals);
    this.#lines.setDecimals(decimals);
  }

  /** Shows other indicators. @returns the number of panes below the volume */
  chooseIndicators(names: readonly IndicatorName[]): number {
    const panes = this.#lines.choose(names);
    this.#lines.setData(this.#slots, this.#values.values);
    return panes;
  }

  /** Moves the cross-hair by so many places, from the newest one where it is nowhere. */
  step(places: number): void {
    this.#crossHair.step(places);
  }

  /** Moves the cross-hair to the oldest or the newest place. */
  stepTo(end: 'oldest' | 'newest'): void {
    if (end === 'newest') this.showNewest();
    this.#crossHair.stepTo(end);
  }

  /** Takes the cross-hair away. */
  leave(): void {
    this.#crossHair.leave();
  }

  showNewest(): void {
    this.#places.showNewest();
  }

  /** Shows fewer bars, or more. */
  zoom(way: 'closer' | 'wider'): void {
    this.#places.zoom(way);
  }

  /** Takes the colours of the theme. */
  paint(): void {
    const colors = readColors();
    const line = colors('--line');
    const crosshair = { color: colors('--muted'), labelBackgroundColor: colors('--crosshair') };
    const { fontFamily } = getComputedStyle(document.body);
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colors('--panel') },
        textColor: colors('--muted'),
        fontSize: 11,
        fontFamily,
        panes: { separatorColor: line, enableResize: false },
      },
      crosshair: { vertLine: crosshair, horzLine: crosshair },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line, rightOffset: placesAtRight },
    });
    this.#candles.paint(colors);
    this.#shading.paint(colors, fontFamily);
    this.#lines.paint(colors);
    this.#drawAll();
  }

  #drawEnd(fromMs: number): void {
    const { bars } = this.#series;
    this.#values.extend(bars);
    const first = Math.max(0, slotAt(this.#slots, fromMs));
    const at = bars.findLastIndex(bar => bar.startMs < fromMs) + 1;
    const changed = bars.slice(at).map((bar): Slot => ({ startMs: bar.startMs, bar }));
    this.#slots = [...this.#slots.slice(0, first), ...changed];
    this.#places.take(this.#slots);
    for (const [index, slot] of changed.entries()) {
      this.#candles.update(slot);
      this.#lines.update(slot, this.#values.values[at + index]);
    }
    const flags = changed.map(({ startMs, bar }) => `${startMs} ${bar?.flags}`).join();
    if (flags !== this.#drawnFlags) this.#drawMarks();
    this.#drawnFlags = flags;
    this.#crossHair.drawn(this.#slots);
  }

  #drawAll(): void {
    const { bars } = this.#series;
    const wasAtEnd = this.#places.isAtEnd;
    this.#slots = slotsOf(bars, this.#gaps.all, this.#windowMs);
    this.#places.take(this.#slots);
    this.#values.restart(bars);
    this.#candles.setData(this.#slots);
    this.#lines.setData(this.#slots, this.#values.values);
    this.#shading.show(this.#gaps.spansOn(this.#slots));
    this.#drawMarks();
    this.#crossHair.drawn(this.#slots);
    this.#places.drawn(this.#slots, wasAtEnd);
  }

  #drawMarks(): void {
    const flags = this.#series.bars.flatMap(bar => markOf(bar) ?? []);
    this.#alertPlaces = this.#placesOfAlert();
    this.#candles.setMarks([...flags, ...alertMarks(this.#alerts, this.#symbol, this.#slots, this.#alertPlaces)]);
  }

  #placesOfAlert(): number {
    return placesOfAlertText(this.#places.placeWidth);
  }

  #point(): void {
    const { bars } = this.#series;
    const { atMs } = this.#crossHair;
    const index = atMs === undefined ? bars.length - 1 : bars.findLastIndex(bar => bar.startMs === atMs);
    const startMs = atMs ?? bars[index]?.startMs;
    const gap = startMs === undefined ? undefined : this.#gaps.at(startMs);
    this.#events.pointed({ bar: bars[index], values: this.#values.values[index], gap });
  }

  #ranged(): void {
    if (this.#alerts.length > 0 && this.#alertPlaces !== this.#placesOfAlert()) this.#drawMarks();
    const { range } = this.#places;
    if (range !== undefined) this.#events.ranged(range);
  }
}
