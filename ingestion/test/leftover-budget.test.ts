import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { CreditBudget } from '../src/twelve-data/credit-budget.ts';
import { LeftoverBudget } from '../src/twelve-data/leftover-budget.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { MemoryCreditStore } from './support/memory-credits.ts';

const noonMs = Date.UTC(2026, 2, 2, 12);
const { signal } = new AbortController();
let time: JumpingTime;
beforeEach(() => {
  time = new JumpingTime(noonMs);
});

const aBudget = (limits: { readonly creditsPerMinute?: number; readonly creditsPerDay?: number } = {}) =>
  new CreditBudget({ store: new MemoryCreditStore(), registry: new Registry(), clock: time.clock, pause: time.pause, ...limits });

const taken = async (budget: Pick<CreditBudget, 'take'>, credits = 1) => (await budget.take(credits, signal)).answered();

describe('credits for what can wait', () => {
  it('are given once nobody has taken any for two seconds', async () => {
    await taken(new LeftoverBudget({ budget: aBudget(), pause: time.pause }));
    expect(time.nowMs - noonMs).toBe(2_000);
  });

  it('are not given while somebody in a hurry takes one after the other', async () => {
    const budget = aBudget();
    let inAHurry = 5;
    const pause = async (ms: number, signal: AbortSignal) => {
      if (inAHurry > 0) {
        inAHurry -= 1;
        await taken(budget);
      }
      await time.pause(ms, signal);
    };
    await taken(new LeftoverBudget({ budget, pause }));
    expect(inAHurry).toBe(0);
    expect(time.nowMs - noonMs).toBe(6 * 2_000);
  });

  it('leave one of the minute to a gap that comes next', async () => {
    const budget = aBudget({ creditsPerMinute: 4 });
    const leftovers = new LeftoverBudget({ budget, pause: time.pause });
    for (let count = 0; count < 3; count += 1) await taken(leftovers);
    expect(time.nowMs - noonMs).toBeLessThan(60_000);
    expect((await budget.left()).minute).toBe(1);
    await taken(leftovers);
    expect(time.nowMs - noonMs).toBeGreaterThan(61_000);
  });

  it('leave a quarter of the day', async () => {
    const budget = aBudget({ creditsPerDay: 8 });
    const leftovers = new LeftoverBudget({ budget, pause: time.pause });
    for (let count = 0; count < 6; count += 1) await taken(leftovers);
    expect((await budget.left()).day).toBe(2);
    await taken(leftovers);
    expect(time.nowMs).toBeGreaterThanOrEqual(noonMs + 12 * 3_600_000);
  });

  it('are given soon after a clock that was ahead is set right', async () => {
    time = new JumpingTime(noonMs + 2 * 3_600_000);
    const budget = aBudget({ creditsPerMinute: 2 });
    await budget.take(2, signal);
    time.nowMs = noonMs;
    await taken(new LeftoverBudget({ budget, pause: time.pause }));
    expect(time.nowMs - noonMs).toBeLessThan(120_000);
  });

  it('are given, too, where the plan has no more than a request costs', async () => {
    const leftovers = new LeftoverBudget({ budget: aBudget({ creditsPerMinute: 10, creditsPerDay: 10 }), pause: time.pause });
    await taken(leftovers, 10);
    await expect(leftovers.take(11, signal)).rejects.toMatchObject({ code: 'usage' });
  });

  it('are not waited for any longer once the signal aborts', async () => {
    const stop = new AbortController();
    const budget = aBudget({ creditsPerMinute: 2 });
    await taken(budget, 2);
    const pause = async () => stop.abort();
    await expect(new LeftoverBudget({ budget, pause }).take(1, stop.signal)).rejects.toThrow();
    expect((await budget.left()).minute).toBe(0);
  });
});
