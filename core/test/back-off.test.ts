import { describe, expect, it } from '@jest/globals';
import { BackOff } from '../src/back-off.ts';
import { pause } from '../src/pause.ts';

describe('back-off', () => {
  it('doubles its bound up to the cap', () => {
    const backOff = new BackOff({ leastShare: 0, random: () => 0.999_999 });
    const waits = Array.from({ length: 9 }, () => backOff.nextMs());
    expect(waits).toEqual([499, 999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999, 29_999]);
  });

  it('takes any wait below the bound, down to none', () => {
    const draws = [0, 0.5, 0.25];
    const backOff = new BackOff({ leastShare: 0, random: () => draws.shift() ?? 0 });
    expect([backOff.nextMs(), backOff.nextMs(), backOff.nextMs()]).toEqual([0, 500, 500]);
  });

  it('waits a quarter of the bound at least where it is not told otherwise', () => {
    const backOff = new BackOff({ random: () => 0 });
    expect([backOff.nextMs(), backOff.nextMs()]).toEqual([125, 250]);
  });

  it('is short again after a success', () => {
    const backOff = new BackOff({ leastShare: 0, random: () => 0.999_999 });
    for (let i = 0; i < 5; i += 1) backOff.nextMs();
    backOff.succeeded();
    expect(backOff.nextMs()).toBe(499);
  });

  it('ends a wait when it is told to stop', async () => {
    const stop = new AbortController();
    const waiting = pause(60_000, stop.signal);
    stop.abort();
    await expect(waiting).resolves.toBeUndefined();
    await expect(pause(60_000, stop.signal)).resolves.toBeUndefined();
  });
});
