/** Gaps as cells. A gap is known by its symbol, its begin and its reason; a newer version tells where it ended and whether it was filled. */
import type { Gap } from '../market-store.ts';
import { type Cells, numberIn, type RowShape, textIn } from './cells.ts';

export const gapRows: RowShape<Gap> = {
  columns: ['time', 'symbol', 'reason', 'to_time', 'filled'],
  optional: [],
  versionOf: gap => gap.versionUs,
  cellsOf: gap => [gap.fromMs, gap.symbol, gap.reason, gap.toMs, gap.filled],
  rowOf: (cells: Cells, versionUs) => ({
    symbol: textIn(cells, 'symbol'),
    fromMs: numberIn(cells, 'time'),
    toMs: numberIn(cells, 'to_time'),
    reason: textIn(cells, 'reason'),
    filled: cells.filled === true || cells.filled === 1,
    versionUs,
  }),
};
