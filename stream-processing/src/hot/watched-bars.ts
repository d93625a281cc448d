/** Shows rules the bars that closed: most are passed over by their numbers, and only those that a rule looks at become objects. */
import { intervals } from '@tapeline/core/intervals';
import type { AlertBook, GiveAlert } from '../alerts/alert-book.ts';
import type { BarBlock } from './bar-block.ts';
import { barStride, intervalColumn, revisionColumn } from './bar-columns.ts';

/** Of the bars from the index `from` on those of revision 0. */
export function watchBars(alerts: AlertBook, bars: BarBlock, from: number, give: GiveAlert): void {
  const { columns } = bars;
  const { intervalBits } = alerts;
  for (let index = from; index < bars.count; index += 1) {
    const base = index * barStride;
    const interval = columns[base + intervalColumn] as number;
    if ((intervalBits & (1 << interval)) === 0 || columns[base + revisionColumn] !== 0) continue;
    const name = intervals[interval];
    if (name !== undefined && alerts.watches(bars.symbol(index), name)) alerts.barClosed(bars.at(index), give);
  }
}
