/** Candlesticks, volume, marks, gaps and indicators of one symbol: what is drawn of the bars, and which bar is pointed at. */
import { ColorType, CrosshairMode, createChart, type IChartApi } from 'lightweight-charts';
import type { BoardBar, OpenGap } from '../board-messages.ts';
import { alertMarks, markOf, placesOfAlertText } from './bar-marks.ts';
import type { PointedBar } from './bar-readout.ts';
import { BarSeries, mostBars } from './bar-series.ts';
import { CandleDrawing, timeOf } from './candle-drawing.ts';
import { readColors } from './chart-colors.ts';
import { GapShading } from './gap-shading.ts';
import type { IndicatorName } from './indicator-choices.ts';
import { IndicatorLines } from './indicator-lines.ts';
import { IndicatorValues } from './indicator-values.ts';
import type { BoardAlert } from './market-api.ts';
import { type GapSpan, gapsAt, positionOf, type Slot, slotAt, slotsOf } from './time-slots.ts';

export interface ShownRange {
  /** The oldest bar is near, or to be seen. */
  readonly isNearStart: boolean;
  readonly isAtStart: boolean;
  /** The newest place is to be seen. */
  readonly isAtEnd: boolean;
}

export interface PriceChartEvents {
  readonly pointed: (at: PointedBar) => void;
  readonly ranged: (range: ShownRange) => void;
}

/** So many bars before the oldest one the history is asked for more. */
const nearBars = 100;
/** Room for the bars to come. */
const placesAtRight = 3;

export class PriceChart {
  readonly #chart: IChartApi;
  readonly #candles: CandleDrawing;
  readonly #shading = new GapShading();
  readonly #lines: IndicatorLines;
  readonly #series = new BarSeries();
  readonly #values = new IndicatorValues();
  readonly #events: PriceChartEvents;
  #slots: readonly Slot[] = [];
  /** Those that are over, as the history tells them. */
  #pastGaps: readonly GapSpan[] = [];
  #openGap: GapSpan | undefined;
  #alerts: readonly BoardAlert[] = [];
  /** Places that their texts needed when they were drawn. */
  #alertPlaces = 0;
  #symbol = '';
  #windowMs = 60_000;
  /** Places after the last bar. */
  #emptyAtEnd = 0;
  /** Set once the history is there; until then each drawing chooses the range that is shown. */
  #isSettled = false;
  #hoveredMs: number | undefined;
  /** Those of the bars at the end: a bar that only grows has its mark already. */
  #drawnFlags = '';
  /** The keys have put the cross-hair where it is. */
  #isPinned = false;

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
    this.#candles = new CandleDrawing(this.#chart);
    this.#candles.candles.attachPrimitive(this.#shading);
    this.#lines = new IndicatorLines(this.#chart);
    this.#chart.subscribeCrosshairMove(({ time, sourceEvent }) => {
      // What keys have chosen stays until the pointer moves, also while new bars push the others to the left.
      if (this.#isPinned && sourceEvent === undefined) return;
      this.#isPinned = false;
      this.#hoveredMs = typeof time === 'number' ? time * 1_000 : undefined;
      this.#point();
    });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.#ranged());
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
    this.#pastGaps = [];
    this.#openGap = undefined;
    this.#isSettled = false;
    this.leave();
    this.#chart.timeScale().applyOptions({ timeVisible: true, secondsVisible: options.windowMs < 60_000 });
    this.#drawAll();
    this.#point();
  }

  /** Takes in the newest bars of the history; those before them are read again where they do not join. */
  renew(bars: readonly BoardBar[]): void {
    if (this.#series.leaveUnjoined(bars)) this.#drawAll();
    this.merge(bars);
  }

  /** Takes bars in: new ones, grown ones and corrected ones. */
  merge(bars: readonly BoardBar[]): void {
    const lastMs = this.#series.bars.at(-1)?.startMs;
    const changed = this.#series.merge(bars);
    if (changed === 'nothing') return;
    // An empty place may stand after the last bar.
    const isAtEnd = changed === 'end' && lastMs !== undefined && lastMs === this.#slots.at(-1)?.startMs;
    if (isAtEnd && this.#isSettled) this.#drawEnd(lastMs);
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
    this.#pastGaps = gapsAt(this.#windowMs, gaps);
    this.#drawAll();
    this.#point();
  }

  /** Shows the gap that goes on, up to now; one that is over stays as it is until the history tells of it. */
  showOpenGap(gap: OpenGap | undefined, nowMs: number): void {
    const before = this.#openGap;
    if (gap?.fromMs === before?.fromMs && gap?.reason === before?.reason) return this.tick(nowMs);
    this.#openGap = gap && { ...gap, symbol: this.#symbol, toMs: Math.max(gap.fromMs, nowMs), filled: false, isOpen: true };
    if (gap === undefined && before !== undefined) this.#pastGaps = [...this.#pastGaps, { ...before, toMs: nowMs, isOpen: undefined }];
    this.#drawAll();
    this.#point();
  }

  /** Time passes: the gap that goes on grows. */
  tick(nowMs: number): void {
    const gap = this.#openGap;
    if (gap === undefined || Math.floor(gap.toMs / this.#windowMs) === Math.floor(nowMs / this.#windowMs)) return;
    this.#openGap = { ...gap, toMs: nowMs };
    this.#drawAll();
  }

  /** Shows the alerts that are of the symbol. */
  showAlerts(alerts: readonly BoardAlert[]): void {
    this.#alerts = alerts;
    this.#drawMarks();
  }

  /** The history is there: from now on the range that is shown is the reader's. */
  settle(): void {
    if (!this.#isSettled) this.#drawAll();
    this.#isSettled = true;
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
    const from = this.#hoveredMs === undefined ? this.#slots.length : slotAt(this.#slots, this.#hoveredMs);
    this.#pointAt(Math.max(0, Math.min(from + places, this.#slots.length - 1)));
  }

  /** Moves the cross-hair to the oldest or the newest place. */
  stepTo(end: 'oldest' | 'newest'): void {
    if (end === 'newest') this.showNewest();
    this.#pointAt(end === 'oldest' ? 0 : this.#slots.length - 1);
  }

  /** Takes the cross-hair away. */
  leave(): void {
    this.#isPinned = false;
    this.#hoveredMs = undefined;
    this.#chart.clearCrosshairPosition();
    this.#point();
  }

  showNewest(): void {
    // The library counts from the last bar, behind which a gap may stand.
    this.#chart.timeScale().scrollToPosition(placesAtRight + this.#emptyAtEnd, false);
  }

  /** Shows fewer bars, or more. */
  zoom(way: 'closer' | 'wider'): void {
    const scale = this.#chart.timeScale();
    const spacing = scale.options().barSpacing * (way === 'closer' ? 1.5 : 1 / 1.5);
    scale.applyOptions({ barSpacing: Math.max(0.5, Math.min(spacing, 80)) });
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

  get #gaps(): readonly GapSpan[] {
    return this.#openGap === undefined ? this.#pastGaps : [...this.#pastGaps, this.#openGap];
  }

  #drawEnd(fromMs: number): void {
    const { bars } = this.#series;
    this.#values.extend(bars);
    const first = Math.max(0, slotAt(this.#slots, fromMs));
    const at = bars.findLastIndex(bar => bar.startMs < fromMs) + 1;
    const changed = bars.slice(at).map((bar): Slot => ({ startMs: bar.startMs, bar }));
    this.#slots = [...this.#slots.slice(0, first), ...changed];
    for (const [index, slot] of changed.entries()) {
      this.#candles.update(slot);
      this.#lines.update(slot, this.#values.values[at + index]);
    }
    const flags = changed.map(({ startMs, bar }) => `${startMs} ${bar?.flags}`).join();
    if (flags !== this.#drawnFlags) this.#drawMarks();
    this.#drawnFlags = flags;
    this.#showPinned();
  }

  #drawAll(): void {
    const { bars } = this.#series;
    const wasAtEnd = this.#isAtEnd;
    this.#slots = slotsOf(bars, this.#gaps, this.#windowMs);
    this.#values.restart(bars);
    this.#candles.setData(this.#slots);
    this.#lines.setData(this.#slots, this.#values.values);
    this.#drawGaps();
    this.#drawMarks();
    this.#showPinned();
    const count = this.#slots.length;
    const before = this.#emptyAtEnd;
    this.#emptyAtEnd = count - 1 - this.#slots.findLastIndex(slot => slot.bar !== undefined);
    if (this.#isSettled && wasAtEnd && this.#emptyAtEnd !== before) this.showNewest();
    if (this.#isSettled || count === 0) return;
    // The newest bars at a width that can be read; few bars stay at the right, where the next will come.
    const most = Math.round(this.#chart.timeScale().width() / 8);
    const shown = Math.max(30, Math.min(most, count + 10));
    this.#chart.timeScale().setVisibleLogicalRange({ from: count - shown, to: count + placesAtRight });
  }

  #drawGaps(): void {
    const slots = this.#slots;
    const spans = this.#gaps.map(gap => ({
      from: positionOf(slots, gap.fromMs, this.#windowMs),
      to: gap.isOpen ? Number.POSITIVE_INFINITY : positionOf(slots, gap.toMs, this.#windowMs),
      text: gap.filled ? `filled: ${gap.reason}` : gap.reason,
      filled: gap.filled,
    }));
    this.#shading.show(spans.filter(span => span.to > -0.5));
  }

  #drawMarks(): void {
    const flags = this.#series.bars.flatMap(bar => markOf(bar) ?? []);
    this.#alertPlaces = this.#placesOfAlert();
    this.#candles.setMarks([...flags, ...alertMarks(this.#alerts, this.#symbol, this.#slots, this.#alertPlaces)]);
  }

  #placesOfAlert(): number {
    return placesOfAlertText(this.#chart.timeScale().options().barSpacing);
  }

  #pointAt(index: number): void {
    const slot = this.#slots[index];
    if (slot === undefined) return;
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (index < range.from || index > range.to)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: index - half, to: index + half });
    }
    this.#hoveredMs = slot.startMs;
    this.#isPinned = true;
    this.#showPinned();
    this.#point();
  }

  /** The cross-hair stands at a pixel; the bar that it is to stand at moves with each new one. */
  #showPinned(): void {
    const index = this.#hoveredMs === undefined ? -1 : slotAt(this.#slots, this.#hoveredMs);
    const slot = this.#slots[index];
    if (!this.#isPinned || slot === undefined) return;
    this.#chart.setCrosshairPosition(slot.bar?.close ?? this.#lastClose(index), timeOf(slot.startMs), this.#candles.candles);
  }

  #lastClose(index: number): number {
    return this.#slots.slice(0, index).findLast(slot => slot.bar !== undefined)?.bar?.close ?? 0;
  }

  #point(): void {
    const { bars } = this.#series;
    const atMs = this.#hoveredMs;
    const index = atMs === undefined ? bars.length - 1 : bars.findLastIndex(bar => bar.startMs === atMs);
    const startMs = atMs ?? bars[index]?.startMs;
    const isGap = (gap: GapSpan) => startMs !== undefined && gap.fromMs < startMs + this.#windowMs && gap.toMs > startMs;
    this.#events.pointed({ bar: bars[index], values: this.#values.values[index], gap: this.#gaps.find(isGap) });
  }

  get #isAtEnd(): boolean {
    return (this.#chart.timeScale().getVisibleLogicalRange()?.to ?? -1) >= this.#slots.length - 1;
  }

  #ranged(): void {
    if (this.#alerts.length > 0 && this.#alertPlaces !== this.#placesOfAlert()) this.#drawMarks();
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    if (range === null || !this.#isSettled) return;
    this.#events.ranged({ isNearStart: range.from < nearBars, isAtStart: range.from < 1, isAtEnd: this.#isAtEnd });
  }
}
