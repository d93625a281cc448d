/** The bars that the ticks of the simulated price stream really make: walks the market minute by minute, as the stream does, and remembers. */
import { setImmediate as breath } from 'node:timers/promises';
import type { Instrument } from '../market/instruments.ts';
import { type Market, type MarketPrice, slotMs } from '../market/market.ts';
import type { BarSource, RestBar } from './seeded-bars.ts';

/** A minute of one instrument. */
interface Minute {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** At its last price. */
  readonly dayVolume: number | undefined;
}

const minuteMs = 60_000;
/** More than one answer can ask for, so that one that took too long is there when it is asked for again. */
const mostMinutes = 5_500;

/** Bars of the market, whatever part of it a client was told; a minute takes some milliseconds to walk, and others get a turn in between. */
export function marketBars(market: Market): BarSource {
  const minutes = new Map<number, ReadonlyMap<Instrument, Minute>>();
  const minuteAt = async (startMs: number): Promise<ReadonlyMap<Instrument, Minute>> => {
    const known = minutes.get(startMs);
    if (known !== undefined) return known;
    await breath();
    const made = walked(market, startMs);
    minutes.set(startMs, made);
    const [oldest] = minutes.keys();
    if (minutes.size > mostMinutes && oldest !== undefined) minutes.delete(oldest);
    return made;
  };
  return async (instrument, startMs, lengthMs) => {
    let bar: RestBar | undefined;
    let before = (await minuteAt(startMs - minuteMs)).get(instrument)?.dayVolume;
    for (let atMs = startMs; atMs < startMs + lengthMs; atMs += minuteMs) {
      const minute = (await minuteAt(atMs)).get(instrument);
      if (minute === undefined) continue;
      bar = joined(bar, minute, increase(before, minute.dayVolume));
      before = minute.dayVolume;
    }
    return bar;
  };
}

/** The prices of a minute, by instrument. */
function walked(market: Market, startMs: number): ReadonlyMap<Instrument, Minute> {
  const first = startMs / slotMs;
  const minutes = new Map<Instrument, Minute>();
  for (let slot = first; slot < first + minuteMs / slotMs; slot += 1) {
    for (const price of market(slot)) minutes.set(price.instrument, withPrice(minutes.get(price.instrument), price));
  }
  return minutes;
}

function withPrice(minute: Minute | undefined, { price, dayVolume }: MarketPrice): Minute {
  if (minute === undefined) return { open: price, high: price, low: price, close: price, dayVolume };
  return { open: minute.open, high: Math.max(minute.high, price), low: Math.min(minute.low, price), close: price, dayVolume };
}

function joined(bar: RestBar | undefined, { open, high, low, close }: Minute, volume: number | undefined): RestBar {
  const sum = bar?.volume === undefined ? volume : bar.volume + (volume ?? 0);
  const prices =
    bar === undefined ? { open, high, low, close } : { ...bar, high: Math.max(bar.high, high), low: Math.min(bar.low, low), close };
  return sum === undefined ? prices : { ...prices, volume: sum };
}

/** A volume that is lower than before is that of a new day. */
function increase(before: number | undefined, now: number | undefined): number | undefined {
  if (before === undefined || now === undefined) return undefined;
  return now >= before ? now - before : now;
}
