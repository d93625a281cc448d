/** What a rule remembers of one symbol or feed. */
import type { AlertRule } from '@tapeline/core/alert-rules';

/** Plain data, because it stands in snapshots as it is. */
export interface WatchState {
  /** False from an alert until the value is back behind the bound; at first, too, where the other side must be seen before. */
  armed: boolean;
  /** When the last alert was given. */
  alertMs?: number;
  /** Of `stale`: since when the silence had lasted that was told last. */
  toldMs?: number;
  /** Of `drop` and `spike`: end and price of the bars of the window that may still be its extreme, oldest first. */
  extremes?: [endMs: number, price: number][];
  /** Of `volume` with `times`: those of the bars before, oldest first. */
  volumes?: number[];
}

export function firstState(rule: AlertRule): WatchState {
  return { armed: rule.condition !== 'cross' };
}

/** True for a state that says no more than `firstState`: it need not be kept. */
export function isFirst(state: WatchState, rule: AlertRule): boolean {
  return Object.keys(state).length === 1 && state.armed === firstState(rule).armed;
}
