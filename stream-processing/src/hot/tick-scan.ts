/** One tick in numbers: filled anew for each record, so that a tick costs no object. */
import type { Tick } from '@tapeline/core/records';
import { dayNumber, dayText } from './trading-days.ts';

export const sessionColumn = 0;
export const sequenceColumn = 1;
export const priceColumn = 2;
export const bidColumn = 3;
export const askColumn = 4;
export const dayVolumeColumn = 5;
export const sizeColumn = 6;
export const sourceTimeColumn = 7;
export const receivedTimeColumn = 8;
export const timeColumn = 9;
export const tradingDayColumn = 10;
export const tradingDayEndColumn = 11;
const columnCount = 12;

/** The fields of a tick; its symbol stays in the bytes that it was read from. */
export class TickScan {
  /** What the columns hold; the getters read it. */
  readonly values = new Float64Array(columnCount);
  /** Index of the feed, as {@link TickScanner.feedName} knows it. */
  feed = 0;
  /** The symbol is `bytes[symbolStart, symbolEnd)` of the scanned bytes: ASCII without escapes. */
  symbolStart = 0;
  symbolEnd = 0;

  get session(): number {
    return this.values[sessionColumn] as number;
  }

  get sequence(): number {
    return this.values[sequenceColumn] as number;
  }

  get price(): number {
    return this.values[priceColumn] as number;
  }

  /** NaN when absent, like `ask`, `dayVolume` and `size`. */
  get bid(): number {
    return this.values[bidColumn] as number;
  }

  get ask(): number {
    return this.values[askColumn] as number;
  }

  get dayVolume(): number {
    return this.values[dayVolumeColumn] as number;
  }

  get size(): number {
    return this.values[sizeColumn] as number;
  }

  get sourceTimeMs(): number {
    return this.values[sourceTimeColumn] as number;
  }

  get receivedTimeMs(): number {
    return this.values[receivedTimeColumn] as number;
  }

  get timeMs(): number {
    return this.values[timeColumn] as number;
  }

  /** Days since 1970-01-01. */
  get tradingDay(): number {
    return this.values[tradingDayColumn] as number;
  }

  get tradingDayEndMs(): number {
    return this.values[tradingDayEndColumn] as number;
  }

  /** Takes over a tick that was decoded; the symbol is the caller's to know. */
  load(tick: Tick, feed: number): void {
    const { values } = this;
    this.feed = feed;
    values[sessionColumn] = tick.session;
    values[sequenceColumn] = tick.sequence;
    values[priceColumn] = tick.price;
    values[bidColumn] = tick.bid ?? Number.NaN;
    values[askColumn] = tick.ask ?? Number.NaN;
    values[dayVolumeColumn] = tick.dayVolume ?? Number.NaN;
    values[sizeColumn] = tick.size ?? Number.NaN;
    values[sourceTimeColumn] = tick.sourceTimeMs;
    values[receivedTimeColumn] = tick.receivedTimeMs;
    values[timeColumn] = tick.timeMs;
    values[tradingDayColumn] = dayNumber(tick.tradingDay);
    values[tradingDayEndColumn] = tick.tradingDayEndMs;
  }

  /** The tick as `decodeRecord` gives it. */
  tick(feed: string, symbol: string): Tick {
    const { bid, ask, dayVolume, size } = this;
    return {
      v: 1,
      kind: 'tick',
      feed,
      session: this.session,
      sequence: this.sequence,
      symbol,
      price: this.price,
      ...(Number.isNaN(bid) ? {} : { bid }),
      ...(Number.isNaN(ask) ? {} : { ask }),
      ...(Number.isNaN(dayVolume) ? {} : { dayVolume }),
      ...(Number.isNaN(size) ? {} : { size }),
      sourceTimeMs: this.sourceTimeMs,
      receivedTimeMs: this.receivedTimeMs,
      timeMs: this.timeMs,
      tradingDay: dayText(this.tradingDay),
      tradingDayEndMs: this.tradingDayEndMs,
    };
  }
}
