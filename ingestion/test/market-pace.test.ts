import { describe, expect, it } from '@jest/globals';
import { MarketPace } from '../src/market-pace.ts';

/** A price each `everyMs` from `fromMs` on, as the watch looks at it meanwhile; gives the time of the last one. */
function trade(pace: MarketPace, market: string, everyMs: number, count: number, fromMs = 0): number {
  for (let index = 0; index < count; index += 1) pace.price(market, fromMs + index * everyMs);
  return fromMs + (count - 1) * everyMs;
}

describe('the pace of a market', () => {
  it('is a minute of patience while nobody knows it', () => {
    const pace = new MarketPace();
    expect(pace.patienceMs(['NYSE'])).toBe(60_000);
    trade(pace, 'NYSE', 100, 20);
    expect(pace.patienceMs(['NYSE'])).toBe(60_000);
  });

  it('is four times the longest silence that is usual', () => {
    const pace = new MarketPace();
    trade(pace, 'NYSE', 8_000, 30);
    expect(pace.patienceMs(['NYSE'])).toBe(32_000);
  });

  it('is bounded below and above', () => {
    const [lively, quiet] = [new MarketPace(), new MarketPace()];
    trade(lively, 'crypto', 50, 100);
    trade(quiet, 'forex', 250_000, 30);
    expect(lively.patienceMs(['crypto'])).toBe(15_000);
    expect(quiet.patienceMs(['forex'])).toBe(300_000);
  });

  it('is that of the liveliest market that is open, so that a quiet one costs no reconnect', () => {
    const pace = new MarketPace();
    trade(pace, 'crypto', 1_000, 600);
    trade(pace, 'NYSE', 20_000, 30);
    expect(pace.patienceMs(['crypto', 'NYSE'])).toBe(15_000);
    expect(pace.patienceMs(['NYSE'])).toBe(80_000);
  });

  it('expects nothing while every market is closed, unless the time is set', () => {
    expect(new MarketPace().patienceMs([])).toBeUndefined();
    expect(new MarketPace({ muteTimeoutMs: 700 }).patienceMs([])).toBe(700);
  });

  it('does not take the night for a silence, nor the time between two connections', () => {
    const pace = new MarketPace();
    const closedMs = trade(pace, 'NYSE', 5_000, 30);
    pace.patienceMs([]);
    const endedMs = trade(pace, 'NYSE', 5_000, 30, closedMs + 60_000_000);
    pace.interrupted();
    trade(pace, 'NYSE', 5_000, 30, endedMs + 100_000);
    expect(pace.patienceMs(['NYSE'])).toBe(20_000);
  });

  it('forgets a silence after half an hour without one like it', () => {
    const pace = new MarketPace();
    trade(pace, 'NYSE', 30_000, 30);
    trade(pace, 'NYSE', 5_000, 400, 900_000);
    expect(pace.patienceMs(['NYSE'])).toBe(20_000);
  });

  it('waits twice as long after a connection that was left for its silence, up to the bound', () => {
    const pace = new MarketPace();
    const waited = [0, 1, 2, 3].map(round => {
      const patienceMs = pace.patienceMs(['NYSE']) ?? 0;
      pace.muted(['NYSE'], patienceMs, round * 1_000);
      return patienceMs;
    });
    expect(waited).toEqual([60_000, 120_000, 240_000, 300_000]);
  });

  it('does not adapt where it must not', () => {
    const pace = new MarketPace({ adapts: false });
    trade(pace, 'NYSE', 50, 100);
    expect(pace.patienceMs(['NYSE'])).toBe(60_000);
  });
});
