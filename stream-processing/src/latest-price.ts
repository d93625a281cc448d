/** The newest price of a symbol, as a row of `latest_by_board` and as a line of the board's table. */
import type { Tick } from '@tapeline/core/records';
import type { LatestPrice } from '@tapeline/database/market-store';

/** The row that a tick makes; what the tick lacks is absent in it. */
export function latestPriceOf(tick: Tick, versionUs: number): LatestPrice {
  return {
    symbol: tick.symbol,
    price: tick.price,
    ...(tick.bid === undefined ? {} : { bid: tick.bid }),
    ...(tick.ask === undefined ? {} : { ask: tick.ask }),
    ...(tick.dayVolume === undefined ? {} : { dayVolume: tick.dayVolume }),
    timeMs: tick.timeMs,
    receivedTimeMs: tick.receivedTimeMs,
    versionUs,
  };
}
