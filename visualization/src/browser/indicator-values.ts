/**
 * The values that the chart draws for each bar. Where the pipeline has told a bar's indicators, those; where it has not (the bar is
 * still open, or a vendor's history made it) the fold's own step over the bars of the chart, going on from what was told last.
 */
import type { Indicators } from '@tapeline/core/bars';
import { emptyIndicators, type IndicatorState, nextIndicators } from '@tapeline/stream-processing/fold/indicators';
import type { BoardBar } from '../board-messages.ts';

export interface ChartValues {
  readonly indicators: Indicators;
  readonly vwap?: number | undefined;
  /** The indicators were computed here. */
  readonly isOwn: boolean;
}

interface Running {
  readonly state: IndicatorState;
  /** The last closes that the pipeline's own state has: it never sees those of a vendor's history. */
  readonly lived: number[];
}

const mostCloses = 21;

/** Follows a list of bars that mostly changes at its end, where a step costs the same however long the list is. */
export class IndicatorValues {
  #values: ChartValues[] = [];
  /** What stood before the last bar. */
  #before: Running = { state: emptyIndicators(), lived: [] };

  get values(): readonly ChartValues[] {
    return this.#values;
  }

  /** Begins anew with other bars, oldest first. */
  restart(bars: readonly BoardBar[]): void {
    this.#values = [];
    this.#before = { state: emptyIndicators(), lived: [] };
    this.#take(bars, 0);
  }

  /** Takes in that only the last bar of the list before changed, and that others follow it. */
  extend(bars: readonly BoardBar[]): void {
    const from = Math.max(0, this.#values.length - 1);
    this.#values.length = from;
    this.#take(bars, from);
  }

  #take(bars: readonly BoardBar[], from: number): void {
    const running = this.#before;
    for (const [index, bar] of bars.slice(from).entries()) {
      if (from + index === bars.length - 1) this.#before = structuredClone(running);
      this.#values.push(step(running, bar));
    }
  }
}

function step({ state, lived }: Running, bar: BoardBar): ChartValues {
  const computed = nextIndicators(state, bar) ?? {};
  if (!bar.flags.includes('filled')) lived.push(bar.close);
  if (lived.length > mostCloses) lived.shift();
  if (bar.indicators !== undefined) follow(state, bar.indicators, lived);
  return { indicators: bar.indicators ?? computed, vwap: bar.vwap, isOwn: bar.indicators === undefined };
}

/** Goes on from what the pipeline told: else its lines would jump where the page computes the next value. */
function follow(state: IndicatorState, told: Indicators, lived: readonly number[]): void {
  const { sma20, ema12, ema26, macdSignal, rsi14 } = told;
  if (sma20 !== undefined) state.closes = [...lived];
  if (ema12 !== undefined) state.ema12 = { count: 12, value: ema12 };
  if (ema26 !== undefined) state.ema26 = { count: 26, value: ema26 };
  if (macdSignal !== undefined) state.signal9 = { count: 9, value: macdSignal };
  // The strength tells how the moves divide, not how large they are: that is taken from the bars.
  const moves = state.gain14.value + state.loss14.value;
  if (rsi14 === undefined || state.gain14.count < 14) return;
  state.gain14.value = (moves * rsi14) / 100;
  state.loss14.value = moves - state.gain14.value;
}
