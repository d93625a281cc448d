import { describe, expect, it } from '@jest/globals';
import { exchangeDays } from '../src/market/exchange-day.ts';
import type { Instrument } from '../src/market/instruments.ts';
import { type Market, type MarketPrice, type MarketSettings, seededMarket, slotMs } from '../src/market/market.ts';
import { marketHours } from '../src/market/market-hours.ts';
import { priceEvent } from '../src/market/price-event.ts';
import { pricePath } from '../src/market/price-path.ts';
import { instrumentsNamed, wellKnownInstruments, wellKnownSymbols } from '../src/market/well-known-instruments.ts';

const noonMs = Date.parse('2026-11-20T12:00:00Z');
const minuteMs = 60_000;
const hourMs = 3_600_000;

describe('the market', () => {
  it('gives the same bytes for the same seed and time, whenever it is asked to start', () => {
    const whole = textOf(prices(aMarket({ seed: 3 }), noonMs, 20_000));
    const later = textOf(prices(aMarket({ seed: 3 }), noonMs + 10_000, 10_000));
    expect(whole.length).toBeGreaterThan(10_000);
    expect(textOf(prices(aMarket({ seed: 3 }), noonMs, 20_000))).toBe(whole);
    expect(whole.endsWith(later)).toBe(true);
    expect(textOf(prices(aMarket({ seed: 4 }), noonMs, 20_000))).not.toBe(whole);
  });

  it('sends about as many prices as asked, more of lively symbols than of quiet ones', () => {
    const all = prices(aMarket({ ticksPerSecond: 20 }), noonMs, 10 * minuteMs);
    expect(all.length).toBeGreaterThan(11_500);
    expect(all.length).toBeLessThan(12_500);
    const count = (symbol: string): number => all.filter(({ instrument }) => instrument.symbol === symbol).length;
    expect(count('BTC/USD')).toBeGreaterThan(3 * count('ETH/BTC'));
    expect(count('XAG/USD')).toBeGreaterThan(0);
    const busiest = prices(aMarket({ ticksPerSecond: 50_000 }), noonMs, 500);
    expect(busiest.length).toBeGreaterThan(24_000);
    expect(busiest.length).toBeLessThan(26_000);
  });

  it('has positive prices at tick size between bid and ask, in at most 15 digits', () => {
    const faults = prices(aMarket(), noonMs, minuteMs).filter(price => {
      const { decimals } = price.instrument;
      const texts = [price.price, price.bid, price.ask].map(String);
      const atTickSize = [price.price, price.bid, price.ask].every(value => Number(value.toFixed(decimals)) === value);
      const short = texts.every(text => !text.includes('e') && text.replace(/[.]/, '').replace(/^0+/, '').length <= 15);
      return !(price.bid > 0 && price.bid <= price.price && price.price <= price.ask && price.bid < price.ask && atTickSize && short);
    });
    expect(faults).toEqual([]);
  });

  it('rises in time within a slot and stays inside it', () => {
    const market = aMarket({ ticksPerSecond: 5_000 });
    const times = market(noonMs / slotMs).map(({ timeMs }) => timeMs);
    expect(times.length).toBeGreaterThan(100);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(noonMs);
    expect(times.at(-1)).toBeLessThan(noonMs + slotMs);
  });

  it('moves as much in a minute, an hour and a day as its volatility says', () => {
    for (const [stepMs, expected] of [
      [minuteMs, 0.000_689_5],
      [hourMs, 0.005_341],
      [24 * hourMs, 0.026_16],
    ] as const) {
      const deviation = deviationOf(pricePath(11, 'any', 0.5), stepMs);
      expect(deviation / expected).toBeGreaterThan(0.85);
      expect(deviation / expected).toBeLessThan(1.15);
    }
  });

  it('comes back to its base in the long run', () => {
    const path = pricePath(5, 'any', 0.5);
    const years = Array.from({ length: 1_000 }, (_, i) => path(noonMs + i * 31 * 24 * hourMs));
    expect(Math.max(...years.map(Math.abs))).toBeLessThan(0.7);
  });

  it('walks without jumps from one moment to the next', () => {
    const path = pricePath(5, 'any', 0.5);
    let largest = 0;
    for (let timeMs = 2 ** 31 * 830 - 60_000; timeMs < 2 ** 31 * 830 + 60_000; timeMs += 10) {
      largest = Math.max(largest, Math.abs(path(timeMs + 10) - path(timeMs)));
    }
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.000_15);
  });

  it('has a day volume that never falls within a day and begins again at the midnight of the exchange', () => {
    const apple = instrumentsNamed(['AAPL']);
    const market = seededMarket({ seed: 1, instruments: apple, ticksPerSecond: 40, alwaysOpen: true });
    const midnightMs = Date.parse('2026-11-20T05:00:00Z');
    const everyFiveSeconds = Array.from({ length: (48 * hourMs) / 5_000 }, (_, i) => (midnightMs - 24 * hourMs + i * 5_000) / slotMs);
    const all = everyFiveSeconds.flatMap(slot => market(slot));
    const before = all.filter(({ timeMs }) => timeMs < midnightMs).map(({ dayVolume }) => dayVolume ?? Number.NaN);
    const after = all.filter(({ timeMs }) => timeMs >= midnightMs).map(({ dayVolume }) => dayVolume ?? Number.NaN);
    expect(before).toEqual([...before].sort((a, b) => a - b));
    expect(after).toEqual([...after].sort((a, b) => a - b));
    expect(before.at(-1)).toBeGreaterThan(45_900_000);
    expect(before.at(-1)).toBeLessThanOrEqual(46_000_000);
    expect(after[0]).toBeLessThan(100_000);
  });

  it('sends nothing of a closed market', () => {
    const market = aMarket({ alwaysOpen: false });
    const saturday = prices(market, Date.parse('2026-11-21T15:00:00Z'), minuteMs);
    expect(new Set(saturday.map(({ instrument }) => instrument.assetClass))).toEqual(new Set(['crypto']));
    const friday = prices(market, Date.parse('2026-11-20T15:00:00Z'), minuteMs);
    expect(new Set(friday.map(({ instrument }) => instrument.assetClass))).toEqual(new Set(['crypto', 'stock', 'forex', 'metal']));
  });
});

describe('market hours', () => {
  it.each([
    ['AAPL', '2026-11-20T14:29:59Z', false],
    ['AAPL', '2026-11-20T14:30:00Z', true],
    ['AAPL', '2026-11-20T20:59:59Z', true],
    ['AAPL', '2026-11-20T21:00:00Z', false],
    ['AAPL', '2026-11-21T15:00:00Z', false],
    ['AAPL', '2026-07-01T13:30:00Z', true],
    ['AAPL', '2026-07-01T20:00:00Z', false],
    ['EUR/USD', '2026-11-20T21:59:59Z', true],
    ['EUR/USD', '2026-11-20T22:00:00Z', false],
    ['EUR/USD', '2026-11-22T21:59:59Z', false],
    ['EUR/USD', '2026-11-22T22:00:00Z', true],
    ['EUR/USD', '2026-11-18T22:30:00Z', true],
    ['XAU/USD', '2026-11-18T22:30:00Z', false],
    ['XAU/USD', '2026-11-18T23:00:00Z', true],
    ['BTC/USD', '2026-11-22T03:00:00Z', true],
  ])('of %s at %s: open is %s', (symbol, time, open) => {
    expect(marketHours(named(symbol), false)(Date.parse(time)).open).toBe(open);
    expect(marketHours(named(symbol), true)(Date.parse(time)).open).toBe(true);
  });

  it('know days of 23 and of 25 hours', () => {
    const dayAt = exchangeDays('America/New_York');
    const length = (time: string): number => dayAt(Date.parse(time)).endMs - dayAt(Date.parse(time)).startMs;
    expect(length('2026-03-08T12:00:00Z')).toBe(23 * hourMs);
    expect(length('2026-11-01T12:00:00Z')).toBe(25 * hourMs);
    expect(dayAt(Date.parse('2026-11-01T04:30:00Z')).startMs).toBe(Date.parse('2026-11-01T04:00:00Z'));
  });
});

describe('price events', () => {
  const quote = { timeMs: Date.parse('2026-11-20T15:04:37.250Z'), price: 101.25, bid: 101.24, ask: 101.27, dayVolume: 900 };

  it('are spelt as the vendor spells a stock, a cryptocurrency stamped in minutes, and gold', () => {
    expect(JSON.stringify(priceEvent(named('AAPL'), quote))).toBe(
      '{"event":"price","symbol":"AAPL","currency":"USD","exchange":"NASDAQ","type":"Common Stock","timestamp":1795187077,"price":101.25,"day_volume":900}',
    );
    expect(JSON.stringify(priceEvent(named('BTC/USD'), { ...quote, dayVolume: undefined }))).toBe(
      '{"event":"price","symbol":"BTC/USD","currency_base":"Bitcoin","currency_quote":"US Dollar","exchange":"Coinbase Pro","type":"Digital Currency","timestamp":1795187040,"price":101.25}',
    );
    expect(JSON.stringify(priceEvent(named('XAU/USD'), { ...quote, dayVolume: undefined }))).toBe(
      '{"event":"price","symbol":"XAU/USD","currency":"USD","currency_base":"Gold Spot","currency_quote":"US Dollar","type":"Physical Currency","timestamp":1795187077,"price":101.25,"bid":101.24,"ask":101.27}',
    );
  });
});

describe('well-known instruments', () => {
  it('are found by their names, of which none is twice', () => {
    expect(instrumentsNamed(wellKnownSymbols)).toEqual(wellKnownInstruments);
    expect(named('RY').exchange).toBe('NYSE');
    expect(named('RY:TSX').exchange).toBe('TSX');
    expect(() => instrumentsNamed(['AAPL', 'FOO', 'BAR'])).toThrow(
      /^symbols FOO, BAR are not in the simulated market, expected some of BTC\/USD/,
    );
  });
});

function aMarket(settings: Partial<MarketSettings> = {}): Market {
  return seededMarket({ seed: 1, instruments: wellKnownInstruments, ticksPerSecond: 100, alwaysOpen: true, ...settings });
}

function prices(market: Market, fromMs: number, lengthMs: number): readonly MarketPrice[] {
  return Array.from({ length: lengthMs / slotMs }, (_, i) => market(fromMs / slotMs + i)).flat();
}

function textOf(all: readonly MarketPrice[]): string {
  return all.map(price => JSON.stringify(priceEvent(price.instrument, price))).join('\n');
}

function named(symbol: string): Instrument {
  return instrumentsNamed([symbol])[0]!;
}

function deviationOf(path: (timeMs: number) => number, stepMs: number): number {
  const steps = Array.from({ length: 4_000 }, (_, i) => path(noonMs + (i + 1) * stepMs) - path(noonMs + i * stepMs));
  return Math.sqrt(steps.reduce((sum, step) => sum + step * step, 0) / steps.length);
}
