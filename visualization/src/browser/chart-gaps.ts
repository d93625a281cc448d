/** The gaps of the chart: those that are over, as the history tells them, the one that goes on, and the bars that the server does not know. */
import type { OpenGap } from '../board-messages.ts';
import { type GapKind, type GapSpan, gapsAt, kindOf, positionOf, type Slot, type TimeSpan } from './time-slots.ts';

/** A span in places of the time axis, see `positionOf`. */
export interface ShadedSpan {
  readonly from: number;
  /** Infinite where the span goes on: it reaches to the right edge. */
  readonly to: number;
  readonly text: string;
  readonly kind: GapKind;
}

export class ChartGaps {
  #symbol = '';
  #windowMs = 60_000;
  #past: readonly GapSpan[] = [];
  #open: GapSpan | undefined;
  #missing: GapSpan | undefined;

  get all(): readonly GapSpan[] {
    return [...this.#past, this.#open, this.#missing].filter(gap => gap !== undefined);
  }

  /** Begins anew for another symbol or interval. */
  clear({ symbol, windowMs }: { readonly symbol: string; readonly windowMs: number }): void {
    this.#symbol = symbol;
    this.#windowMs = windowMs;
    this.#past = [];
    this.#open = undefined;
    this.#missing = undefined;
  }

  /** Takes those of the symbol that are over in the place of those before, by time. */
  take(gaps: readonly GapSpan[]): void {
    this.#past = gapsAt(this.#windowMs, gaps);
  }

  /** Takes the span whose bars the server does not know. */
  lack(span: TimeSpan | undefined): void {
    this.#missing = span && { ...span, symbol: this.#symbol, reason: 'not stored yet', filled: false, isMissing: true };
  }

  /** Takes the gap that goes on, up to now; one that is over stays as it is until the history tells of it. @returns whether it is to be drawn */
  follow(gap: OpenGap | undefined, nowMs: number): boolean {
    const before = this.#open;
    if (gap?.fromMs === before?.fromMs && gap?.reason === before?.reason) return this.tick(nowMs);
    this.#open = gap && { ...gap, symbol: this.#symbol, toMs: Math.max(gap.fromMs, nowMs), filled: false, isOpen: true };
    if (gap === undefined && before !== undefined) this.#past = [...this.#past, { ...before, toMs: nowMs, isOpen: undefined }];
    return true;
  }

  /** Time passes: the gap that goes on grows. @returns whether by a place */
  tick(nowMs: number): boolean {
    const gap = this.#open;
    if (gap === undefined || Math.floor(gap.toMs / this.#windowMs) === Math.floor(nowMs / this.#windowMs)) return false;
    this.#open = { ...gap, toMs: nowMs };
    return true;
  }

  /** The one that touches a window. */
  at(startMs: number): GapSpan | undefined {
    return this.all.find(gap => gap.fromMs < startMs + this.#windowMs && gap.toMs > startMs);
  }

  /** Where they are to be shaded. */
  spansOn(slots: readonly Slot[]): readonly ShadedSpan[] {
    const spans = this.all.map(gap => ({
      from: positionOf(slots, gap.fromMs, this.#windowMs),
      to: gap.isOpen ? Number.POSITIVE_INFINITY : positionOf(slots, gap.toMs, this.#windowMs),
      text: gap.filled ? `filled: ${gap.reason}` : gap.reason,
      kind: kindOf(gap),
    }));
    return spans.filter(span => span.to > -0.5);
  }
}
