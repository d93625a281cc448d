import { describe, expect, it } from '@jest/globals';
import { type MarketPrice, seededMarket, slotMs } from '../src/market/market.ts';
import { instrumentsNamed } from '../src/market/well-known-instruments.ts';
import { marketBars } from '../src/rest/market-bars.ts';

const instruments = instrumentsNamed(['BTC/USD', 'AAPL']);
const market = seededMarket({ seed: 3, instruments, ticksPerSecond: 2, alwaysOpen: true });
const minuteMs = 60_000;
const startMs = Date.UTC(2026, 2, 4, 12);

function pricesIn(symbol: string, fromMs: number, toMs: number): readonly MarketPrice[] {
  const slots = Array.from({ length: (toMs - fromMs) / slotMs }, (_, index) => market(fromMs / slotMs + index));
  return slots.flat().filter(({ instrument }) => instrument.symbol === symbol);
}

describe("bars of the simulated market's ticks", () => {
  it.each([1, 5])('are what all ticks of %d minutes make, volume included', async length => {
    const [, apple] = instruments;
    if (apple === undefined) throw new TypeError('there is no such instrument');
    const ticks = pricesIn('AAPL', startMs, startMs + length * minuteMs);
    const before = pricesIn('AAPL', startMs - minuteMs, startMs).at(-1)?.dayVolume ?? Number.NaN;
    const prices = ticks.map(({ price }) => price);
    expect(await marketBars(market)(apple, startMs, length * minuteMs)).toEqual({
      open: prices[0],
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1),
      volume: (ticks.at(-1)?.dayVolume ?? Number.NaN) - before,
    });
  });

  it('tell no volume of what carries none, and no bar where nothing was traded', async () => {
    const [bitcoin] = instruments;
    if (bitcoin === undefined) throw new TypeError('there is no such instrument');
    expect(await marketBars(market)(bitcoin, startMs, minuteMs)).not.toHaveProperty('volume');
    const quiet = seededMarket({ seed: 3, instruments, ticksPerSecond: 0, alwaysOpen: true });
    expect(await marketBars(quiet)(bitcoin, startMs, minuteMs)).toBeUndefined();
  });
});
