/** A tick as the twelve numbers that the engine knows it by, and back. */
import type { Tick } from '@tapeline/core/records';
import { none } from './growing.ts';
import { dayNumber, dayText } from './trading-days.ts';

/** The tick's numbers in the order of engine/tick.ts, into `numbers` from the index `at` on. */
export function storeTick(tick: Tick, numbers: Float64Array, at: number): void {
  numbers[at] = tick.session;
  numbers[at + 1] = tick.sequence;
  numbers[at + 2] = tick.price;
  numbers[at + 3] = tick.bid ?? Number.NaN;
  numbers[at + 4] = tick.ask ?? Number.NaN;
  numbers[at + 5] = tick.dayVolume ?? Number.NaN;
  numbers[at + 6] = tick.size ?? Number.NaN;
  numbers[at + 7] = tick.sourceTimeMs;
  numbers[at + 8] = tick.receivedTimeMs;
  numbers[at + 9] = tick.timeMs;
  numbers[at + 10] = dayNumber(tick.tradingDay);
  numbers[at + 11] = tick.tradingDayEndMs;
}

/** The tick whose numbers `storeTick` would write, as `decodeRecord` gives it. */
export function tickOf(numbers: Float64Array, at: number, feed: string, symbol: string): Tick {
  const column = (index: number): number => numbers[at + index] as number;
  const optional = { bid: column(3), ask: column(4), dayVolume: column(5), size: column(6) };
  return {
    v: 1,
    kind: 'tick',
    feed,
    session: column(0),
    sequence: column(1),
    symbol,
    price: column(2),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => !Number.isNaN(value))),
    sourceTimeMs: column(7),
    receivedTimeMs: column(8),
    timeMs: column(9),
    tradingDay: dayText(column(10)),
    tradingDayEndMs: column(11),
  };
}

/** The columns of a symbol's row (engine/symbol-rows.ts) that are its latest tick, in the order of a tick's numbers. */
const latestColumns = [8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11];
const latestReceiptColumn = 6;
/** The version of that tick's row, and the feed that it came from, in fours of bytes. */
export const latestVersionColumn = 12;
export const latestFeedColumn = 44;
/** The feed whose heartbeats close the symbol's windows, in fours of bytes: the owner, or the last one. */
export const timeFeedColumn = 43;
/** The feed that owns the symbol, in fours of bytes, or none. */
export const ownerColumn = 42;

/** When the latest tick of the symbol with this row (in bytes) was received; 0 when it has none. */
export function latestReceiptOf(wholes: Int32Array, numbers: Float64Array, row: number): number {
  return wholes[row / 4 + latestFeedColumn] === none ? 0 : (numbers[row / 8 + latestReceiptColumn] as number);
}

/** What screens show of a symbol's latest tick. */
export interface ShownPrice {
  readonly symbol: string;
  readonly price: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly dayVolume?: number;
  readonly timeMs: number;
  readonly receivedTimeMs: number;
}

/** The price in the row of a symbol: a small part of `latestTickOf`, and of its cost. */
export function shownPriceOf(numbers: Float64Array, at: number, symbol: string): ShownPrice {
  const [bid, ask, dayVolume] = [numbers[at + 1] as number, numbers[at + 2] as number, numbers[at + 3] as number];
  const price: { -readonly [Name in keyof ShownPrice]: ShownPrice[Name] } = {
    symbol,
    price: numbers[at] as number,
    timeMs: numbers[at + 7] as number,
    receivedTimeMs: numbers[at + 6] as number,
  };
  if (!Number.isNaN(bid)) price.bid = bid;
  if (!Number.isNaN(ask)) price.ask = ask;
  if (!Number.isNaN(dayVolume)) price.dayVolume = dayVolume;
  return price;
}

/** The latest tick in the row of a symbol. */
export function latestTickOf(numbers: Float64Array, at: number, feed: string, symbol: string): Tick {
  const tick = Float64Array.from(latestColumns, column => numbers[at + column] as number);
  return tickOf(tick, 0, feed, symbol);
}
