/** Raw ticks as cells. The key has the session and the sequence besides the time: many ticks share one time. */
import { recordFormat, type Tick } from '@tapeline/core/records';
import type { TickRow } from '../market-store.ts';
import { type Cells, numberIn, optionalNumber, type RowShape, textIn, withoutAbsent } from './cells.ts';

export const tickRows: RowShape<TickRow> = {
  columns: [
    ...['symbol', 'time', 'session', 'sequence', 'feed', 'price', 'bid', 'ask', 'day_volume', 'size'],
    ...['source_time', 'received_time', 'trading_day', 'trading_day_end'],
  ],
  optional: ['bid', 'ask', 'day_volume', 'size'],
  versionOf: row => row.versionUs,
  cellsOf: ({ tick }) => [
    ...[tick.symbol, tick.timeMs, tick.session, tick.sequence, tick.feed, tick.price, tick.bid, tick.ask, tick.dayVolume, tick.size],
    ...[tick.sourceTimeMs, tick.receivedTimeMs, tick.tradingDay, tick.tradingDayEndMs],
  ],
  rowOf: (cells, versionUs) => ({ tick: tickIn(cells), versionUs }),
};

function tickIn(cells: Cells): Tick {
  return withoutAbsent<Tick>({
    v: recordFormat,
    kind: 'tick',
    feed: textIn(cells, 'feed'),
    session: numberIn(cells, 'session'),
    sequence: numberIn(cells, 'sequence'),
    symbol: textIn(cells, 'symbol'),
    price: numberIn(cells, 'price'),
    bid: optionalNumber(cells, 'bid'),
    ask: optionalNumber(cells, 'ask'),
    dayVolume: optionalNumber(cells, 'day_volume'),
    size: optionalNumber(cells, 'size'),
    sourceTimeMs: numberIn(cells, 'source_time'),
    receivedTimeMs: numberIn(cells, 'received_time'),
    timeMs: numberIn(cells, 'time'),
    tradingDay: textIn(cells, 'trading_day'),
    tradingDayEndMs: numberIn(cells, 'trading_day_end'),
  });
}
