/** The newest price of each symbol as cells. */
import type { LatestPrice } from '../market-store.ts';
import { numberIn, optionalNumber, type RowShape, textIn, withoutAbsent } from './cells.ts';

export const latestRows: RowShape<LatestPrice> = {
  columns: ['symbol', 'price', 'bid', 'ask', 'day_volume', 'time', 'received_time'],
  optional: ['bid', 'ask', 'day_volume'],
  versionOf: row => row.versionUs,
  cellsOf: row => [row.symbol, row.price, row.bid, row.ask, row.dayVolume, row.timeMs, row.receivedTimeMs],
  rowOf: (cells, versionUs) =>
    withoutAbsent<LatestPrice>({
      symbol: textIn(cells, 'symbol'),
      price: numberIn(cells, 'price'),
      bid: optionalNumber(cells, 'bid'),
      ask: optionalNumber(cells, 'ask'),
      dayVolume: optionalNumber(cells, 'day_volume'),
      timeMs: numberIn(cells, 'time'),
      receivedTimeMs: numberIn(cells, 'received_time'),
      versionUs,
    }),
};
