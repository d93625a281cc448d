/**
 * The simulated market, a pure function of seed and time: when prices come, of which instrument, and what they are. Time is cut
 * into slots of 50 ms, each with its own randomness, so that neither the moment of the start nor the pace of the asking changes
 * anything.
 */
import { dayVolume } from './day-volume.ts';
import type { Instrument } from './instruments.ts';
import { marketHours, type Trading } from './market-hours.ts';
import type { Quote } from './price-event.ts';
import { pricePath } from './price-path.ts';
import { countOf, mixed, randomOf } from './random.ts';

export const slotMs = 50;

/** One price of the market, not yet a message. */
export interface MarketPrice extends Quote {
  readonly instrument: Instrument;
}

export interface MarketSettings {
  readonly seed: number;
  readonly instruments: readonly Instrument[];
  /** Over all instruments, on average, while all their markets are open. */
  readonly ticksPerSecond: number;
  readonly alwaysOpen: boolean;
}

/** Gives the prices of one slot (`slot` × 50 ms since the Unix epoch), ordered by time. */
export type Market = (slot: number) => readonly MarketPrice[];

/** Builds a market. */
export function seededMarket(settings: MarketSettings): Market {
  const { seed, instruments, ticksPerSecond, alwaysOpen } = settings;
  const quotes = instruments.map(instrument => quoteSource(seed, instrument, alwaysOpen));
  const shares = cumulativeShares(instruments);
  const mean = (ticksPerSecond * slotMs) / 1_000;
  return slot => {
    const random = randomOf(mixed(seed, slot));
    const arrivals = Array.from({ length: countOf(mean, random) }, () => ({
      timeMs: slot * slotMs + Math.floor(random() * slotMs),
      index: indexOf(shares, random()),
      side: random() * 2 - 1,
    }));
    arrivals.sort((a, b) => a.timeMs - b.timeMs);
    return arrivals.flatMap(({ timeMs, index, side }) => quotes[index]?.(timeMs, side) ?? []);
  };
}

/** Prices of one instrument; `side` in [-1, 1] is where between bid and ask the trade happened. Nothing while its market is closed. */
function quoteSource(seed: number, instrument: Instrument, alwaysOpen: boolean): (timeMs: number, side: number) => MarketPrice | undefined {
  const name = `${instrument.symbol}:${instrument.exchange ?? ''}`;
  const path = pricePath(seed, name, instrument.annualVolatility);
  const hours = marketHours(instrument, alwaysOpen);
  const volume = instrument.dailyVolume === undefined ? undefined : dayVolume(seed, name, instrument.dailyVolume);
  const unit = 10 ** instrument.decimals;
  return (timeMs, side) => {
    const trading: Trading = hours(timeMs);
    if (!trading.open) return undefined;
    const middle = instrument.basePrice * Math.exp(path(timeMs)) * unit;
    const half = Math.max(0.5, (middle * instrument.spreadBasisPoints) / 20_000);
    const bid = Math.max(1, Math.floor(middle - half));
    const ask = Math.max(bid + 1, Math.ceil(middle + half));
    const price = Math.min(ask, Math.max(bid, Math.round(middle + side * half)));
    return {
      instrument,
      timeMs,
      price: price / unit,
      bid: bid / unit,
      ask: ask / unit,
      dayVolume: volume?.(timeMs, trading.fromMs, trading.toMs),
    };
  };
}

/** Upper ends of the instruments' shares of [0, 1). */
function cumulativeShares(instruments: readonly Instrument[]): readonly number[] {
  const total = instruments.reduce((sum, { liveliness }) => sum + liveliness, 0);
  let end = 0;
  return instruments.map(({ liveliness }) => {
    end += liveliness / total;
    return end;
  });
}

function indexOf(shares: readonly number[], place: number): number {
  let low = 0;
  let high = shares.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (place < (shares[middle] ?? 1)) high = middle;
    else low = middle + 1;
  }
  return low;
}
