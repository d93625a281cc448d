/** Shows rules what the engine did: most is passed over by its numbers, and only what a rule looks at becomes an object. */
import { intervals } from '@tapeline/core/intervals';
import type { AlertBook, GiveAlert, SeenBeat } from '../alerts/alert-book.ts';
import { begunMsOf } from '../fold/feed-table.ts';
import { barStride, intervalColumn, revisionColumn } from './bar-columns.ts';
import type { FoldEngine } from './fold-engine.ts';
import type { FoldResults } from './fold-results.ts';
import type { SymbolNames } from './symbol-names.ts';
import { latestReceiptOf, ownerColumn } from './tick-numbers.ts';

export interface Watched {
  readonly engine: FoldEngine;
  readonly symbols: SymbolNames;
  readonly results: FoldResults;
}

export function alertsTo({ outputs }: FoldResults): GiveAlert {
  return alert => outputs.push({ kind: 'alert', alert });
}

/** Lets the engine close windows, and the rules look at their bars: a bar that a straggler makes has revision 0, too. */
export function closeWatched(alerts: AlertBook, results: FoldResults, close: () => void): void {
  if (alerts.isEmpty) return close();
  const from = results.bars.count;
  close();
  results.bars.take();
  watchBars(alerts, from, results);
}

/** Bars from the index `from` on that closed: those of revision 0. */
function watchBars(alerts: AlertBook, from: number, results: FoldResults): void {
  const { bars } = results;
  const { columns } = bars;
  const { intervalBits } = alerts;
  for (let index = from; index < bars.count; index += 1) {
    const base = index * barStride;
    const interval = columns[base + intervalColumn] as number;
    if ((intervalBits & (1 << interval)) === 0 || columns[base + revisionColumn] !== 0) continue;
    const name = intervals[interval];
    if (name !== undefined && alerts.watches(bars.symbol(index), name)) alerts.barClosed(bars.at(index), alertsTo(results));
  }
}

/** Symbols of the feed with this index; it is asked with each heartbeat, so those that are not quiet cost a few comparisons. */
export function watchQuiet(alerts: AlertBook, feed: number, beat: SeenBeat, { engine, symbols, results }: Watched): void {
  const { quietMs } = alerts;
  if (beat.timeMs - begunMsOf(beat.feed) <= quietMs) return;
  // Nothing here makes the engine's memory grow, so these stay its views.
  const { functions, wholes, numbers } = engine;
  for (let slot = 0; slot < symbols.size; slot += 1) {
    const row = functions.symbolRowAt(slot);
    if (wholes[row / 4 + ownerColumn] !== feed) continue;
    const lastMs = latestReceiptOf(wholes, numbers, row);
    if (beat.timeMs - lastMs > quietMs) alerts.symbolQuiet(symbols.name(slot), lastMs, beat, alertsTo(results));
  }
}
