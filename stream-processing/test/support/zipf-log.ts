/** A long log as a market writes it: many symbols of which few are busy, 4 heartbeats a second, a few stragglers; the same for a seed. */
import type { FeedRecord, Tick } from '@tapeline/core/records';
import { type Random, randomOf } from '../../../test/support/random.ts';
import { aHeartbeat, aSession, tenOClockMs } from './builders.ts';

export interface ZipfLogOptions {
  readonly seed: number;
  readonly symbols: number;
  readonly ticks: number;
  /** To an event-time second. */
  readonly ticksPerSecond: number;
}

const beatMs = 250;

export function zipfLog(options: ZipfLogOptions): FeedRecord[] {
  const random = randomOf(options.seed);
  const pick = zipf(options.symbols, 0.75, random);
  const names = Array.from({ length: options.symbols }, (_, index) => `SYM${index}/USD`);
  const cents = names.map(() => 1_000 + random.below(90_000));
  const volumes = names.map(() => random.below(100_000));
  const records: FeedRecord[] = [aSession({ timeMs: tenOClockMs, symbols: names })];
  for (let sequence = 1, beats = 0; sequence <= options.ticks; sequence += 1) {
    const nowMs = tenOClockMs + Math.floor((sequence * 1_000) / options.ticksPerSecond);
    for (; (beats + 1) * beatMs <= nowMs - tenOClockMs; beats += 1) {
      records.push(aHeartbeat({ timeMs: tenOClockMs + (beats + 1) * beatMs, lastDataMs: nowMs }));
    }
    const index = pick();
    cents[index] = Math.max(1, (cents[index] as number) + random.below(5) - 2);
    volumes[index] = (volumes[index] as number) + random.below(40);
    const timeMs = random.next() < 0.001 ? nowMs - random.below(90_000) : nowMs - random.below(40);
    const market = { cents: cents[index] as number, dayVolume: volumes[index] as number };
    records.push(tickOf({ ...market, symbol: names[index] as string, sequence, timeMs, nowMs }));
  }
  return records;
}

interface Moment {
  readonly symbol: string;
  readonly sequence: number;
  readonly cents: number;
  readonly dayVolume: number;
  readonly timeMs: number;
  readonly nowMs: number;
}

function tickOf(moment: Moment): Tick {
  const { cents, timeMs } = moment;
  return {
    v: 1,
    kind: 'tick',
    feed: 'twelve-data/0',
    session: 1,
    sequence: moment.sequence,
    symbol: moment.symbol,
    price: cents / 100,
    bid: (cents - 1) / 100,
    ask: (cents + 1) / 100,
    dayVolume: moment.dayVolume,
    sourceTimeMs: Math.floor(timeMs / 1_000) * 1_000,
    receivedTimeMs: moment.nowMs,
    timeMs,
    tradingDay: '2024-11-04',
    tradingDayEndMs: Date.UTC(2024, 10, 5),
  };
}

/** Picks places below `count`, the nth with a probability proportional to n^−exponent. */
function zipf(count: number, exponent: number, random: Random): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    sum += (index + 1) ** -exponent;
    sums[index] = sum;
  }
  return () => {
    const wanted = random.next() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
