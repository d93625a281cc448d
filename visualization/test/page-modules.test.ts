import { describe, expect, it } from '@jest/globals';
import type { BoardBar } from '../src/board-messages.ts';
import { BarSeries } from '../src/browser/bar-series.ts';
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
  });
});

describe('the bars of the chart', () => {
  const aBar = (startMs: number, fields: Partial<BoardBar> = {}): BoardBar => ({
    symbol: 'A',
    interval: '1m',
    startMs,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    tickCount: 1,
    state: 'final',
    flags: [],
    revision: 0,
    ...fields,
  });

  it('are drawn at the end while only the last ones change', () => {
    const series = new BarSeries();
    expect(series.merge([aBar(0), aBar(60)])?.length).toBe(2);
    expect(series.merge([aBar(60, { revision: 1 }), aBar(120)])?.map(bar => bar.startMs)).toEqual([60, 120]);
    expect(series.merge([aBar(0, { revision: 1 })])).toBeUndefined();
    expect(series.merge([aBar(30)])).toBeUndefined();
    expect(series.bars.map(bar => bar.startMs)).toEqual([0, 30, 60, 120]);
  });

  it('take no older word for a newer one', () => {
    const series = new BarSeries();
    series.merge([aBar(0, { revision: 2 }), aBar(60, { state: 'forming', tickCount: 9 })]);
    series.merge([aBar(0, { revision: 1 }), aBar(60, { state: 'forming', tickCount: 8 })]);
    expect(series.bars.map(bar => [bar.revision, bar.tickCount])).toEqual([
      [2, 1],
      [0, 9],
    ]);
    series.merge([aBar(60, { tickCount: 9 })]);
    series.merge([aBar(60, { state: 'forming', tickCount: 10 })]);
    expect(series.at(60)?.state).toBe('final');
  });

  it('are at most two thousand', () => {
    const series = new BarSeries();
    for (let minute = 0; minute < 2_010; minute += 1) series.merge([aBar(minute)]);
    expect([series.bars.length, series.bars[0]?.startMs]).toEqual([2_000, 10]);
  });
});
