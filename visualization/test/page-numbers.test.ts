import { describe, expect, it } from '@jest/globals';
import { age, clock, direction, fixed, PriceDecimals, percent, volume } from '../src/browser/number-format.ts';

describe('numbers on the page', () => {
  it('are grouped and have a true minus sign', () => {
    expect([fixed(69_142.1, 2), fixed(-0.5, 2), fixed(0.03567, 5)]).toEqual(['69,142.10', '−0.50', '0.03567']);
  });

  it('show a change with its sign, and none for no change', () => {
    expect([percent(0.0123), percent(-0.0123), percent(0), percent(-0.00001)]).toEqual(['+1.23', '−1.23', '0.00', '0.00']);
  });

  it('have a direction only where the decimals show one', () => {
    expect([direction(0.01), direction(-0.01), direction(0.00001), direction(undefined)]).toEqual(['up', 'down', undefined, undefined]);
  });

  it('shorten large volumes only', () => {
    expect([volume(27_631_112), volume(3.2e9), volume(8_441.4), volume(0), volume(2.5), volume(0.31), volume(0.00012)]).toEqual([
      '27.63M',
      '3.20B',
      '8,441',
      '0',
      '2.50',
      '0.31',
      '0.000120',
    ]);
  });

  it('give an age in its largest unit', () => {
    expect([age(-5), age(59_999), age(60_000), age(7_200_000), age(172_800_000)]).toEqual(['0s', '59s', '1m', '2h', '2d']);
  });

  it('give a time in UTC, with its date when that is another day', () => {
    const nowMs = Date.UTC(2024, 10, 4, 10);
    expect([clock(nowMs, nowMs), clock(nowMs - 86_400_000, nowMs)]).toEqual(['10:00:00 UTC', '2024-11-03 10:00:00 UTC']);
  });

  it('have as many decimals as the symbol ever had, but no stray ones', () => {
    const decimals = new PriceDecimals();
    expect(decimals.of('AAPL', 342)).toBe(2);
    expect(decimals.of('AAPL', 342.0157)).toBe(4);
    expect(decimals.of('AAPL', 342.1)).toBe(4);
    expect(decimals.of('EUR/USD', 1.08412, undefined, 1.0842)).toBe(5);
    expect(decimals.of('BTC/USD', 69_142.14 + 2e-11)).toBe(2);
    expect(decimals.of('SHIB/USD', 1.2e-7)).toBe(8);
    expect(decimals.of('PEPE/USD', 0.0000078912 + 1e-18)).toBe(10);
    expect(decimals.of('MOG/USD', 0.00000012345)).toBe(11);
    expect(decimals.of('nothing', 0)).toBe(2);
  });
});
