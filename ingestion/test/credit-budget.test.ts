import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { CreditBudget, type CreditBudgetOptions } from '../src/twelve-data/credit-budget.ts';
import { type CreditStore, FileCreditStore } from '../src/twelve-data/credit-store.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { ManualTime, settled } from './support/manual-time.ts';
import { MemoryCreditStore } from './support/memory-credits.ts';
import { restOfThisFile } from './support/rest-servers.ts';

const signal = new AbortController().signal;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const noonMs = Date.parse('2026-03-04T12:00:00Z');

function budgetOf(time: Pick<JumpingTime, 'clock' | 'pause'>, options: Partial<CreditBudgetOptions> = {}): CreditBudget {
  return new CreditBudget({ store: new MemoryCreditStore(), registry: new Registry(), clock: time.clock, pause: time.pause, ...options });
}

describe('credit budget', () => {
  const { folder } = restOfThisFile();

  it('lets eight through at once and the ninth a minute after the first was answered', async () => {
    const time = new JumpingTime(noonMs);
    const budget = budgetOf(time);
    for (let request = 0; request < 8; request += 1) {
      const grant = await budget.take(1, signal);
      time.nowMs += 100;
      await grant.answered();
    }
    expect(time.nowMs - noonMs).toBe(800);
    await budget.take(1, signal);
    expect(time.nowMs - noonMs).toBe(61_100);
  });

  it('counts a request that was never answered for as long as it may be counted', async () => {
    const time = new JumpingTime(noonMs);
    const budget = budgetOf(time, { creditsPerMinute: 1 });
    await budget.take(1, signal);
    await budget.take(1, signal);
    expect(time.nowMs - noonMs).toBe(35_000 + 61_000);
  });

  it('waits for the next day when the day is spent, and counts what falls near midnight on both days', async () => {
    const time = new JumpingTime(Date.parse('2026-03-04T23:59:30Z'));
    const budget = budgetOf(time, { creditsPerDay: 3 });
    for (let request = 0; request < 3; request += 1) await (await budget.take(1, signal)).answered();
    await budget.take(1, signal);
    expect(new Date(time.nowMs).toISOString()).toBe('2026-03-06T00:01:00.000Z');
  });

  it('is spent by a process that was killed before its answer', async () => {
    const time = new JumpingTime(noonMs);
    const path = await folder();
    await budgetOf(time, { store: new FileCreditStore(path) }).take(8, signal);
    const next = budgetOf(time, { store: new FileCreditStore(path) });
    expect(await next.left()).toEqual({ minute: 0, day: 792 });
    await next.take(1, signal);
    expect(time.nowMs - noonMs).toBe(96_000);
  });

  it('gives back and claims again when the process stood still between the claim and the leave to send', async () => {
    const time = new JumpingTime(noonMs);
    const store = new MemoryCreditStore();
    let isFirst = true;
    const slow: CreditStore = {
      read: () => store.read(),
      replace: async (version, ledger) => {
        if (isFirst) time.nowMs += 2_001;
        isFirst = false;
        return store.replace(version, ledger);
      },
    };
    const budget = budgetOf(time, { store: slow });
    await (await budget.take(1, signal)).answered();
    expect(await budget.left()).toEqual({ minute: 7, day: 799 });
  });

  it('removes the drafts of processes that were killed', async () => {
    const path = await folder();
    await writeFile(join(path, 'draft-1'), '{');
    await utimes(join(path, 'draft-1'), 1, 1);
    await writeFile(join(path, 'draft-2'), '{');
    await budgetOf(new JumpingTime(noonMs), { store: new FileCreditStore(path) }).take(1, signal);
    expect(await readdir(path)).toEqual(['credits-1.json', 'draft-2']);
  });

  it('waits no longer than a request and a minute when the clock was set back by a day', async () => {
    const path = await folder();
    await budgetOf(new JumpingTime(noonMs), { store: new FileCreditStore(path) }).take(8, signal);
    const time = new JumpingTime(noonMs - dayMs);
    await budgetOf(time, { store: new FileCreditStore(path) }).take(1, signal);
    expect(time.nowMs - (noonMs - dayMs)).toBe(96_000);
  });

  it('waits no longer than that either when a clock that was ahead is set right while it runs', async () => {
    const time = new JumpingTime(noonMs + 2 * hourMs);
    const budget = budgetOf(time);
    await budget.take(8, signal);
    time.nowMs = noonMs;
    await budget.take(1, signal);
    expect(time.nowMs - noonMs).toBe(96_000);
  });

  it('is shared by all who have the same folder: no claim is lost, none is given twice', async () => {
    const path = await folder();
    const time = new ManualTime();
    const budgets = Array.from({ length: 5 }, () => budgetOf(time, { store: new FileCreditStore(path), creditsPerMinute: 23 }));
    const stop = new AbortController();
    let granted = 0;
    const users = budgets.map(async budget => {
      for (;;) {
        await budget.take(1, stop.signal);
        granted += 1;
      }
    });
    await eventually('all credits are granted', () => granted >= 23);
    await pause(100);
    expect(granted).toBe(23);
    stop.abort();
    const endings = await Promise.allSettled(users);
    expect(endings.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    const { version, ledger } = await new FileCreditStore(path).read();
    expect(version).toBe(23);
    expect(ledger.days).toEqual([
      { day: -1, credits: 23 },
      { day: 0, credits: 23 },
    ]);
  });

  it('serves in the order of the asking, and one who gives up lets the next one in', async () => {
    const time = new ManualTime();
    const budget = budgetOf(time, { creditsPerMinute: 1 });
    await (await budget.take(1, signal)).answered();
    const order: string[] = [];
    const impatient = new AbortController();
    const waits = [
      budget
        .take(1, signal)
        .then(grant => grant.answered())
        .then(() => order.push('first')),
      budget.take(1, impatient.signal).catch(() => order.push('gave up')),
      budget.take(1, signal).then(() => order.push('third')),
    ];
    await settled();
    impatient.abort();
    await settled();
    expect(order).toEqual(['gave up']);
    await time.advance(61_000);
    expect(order).toEqual(['gave up', 'first']);
    await time.advance(61_000);
    await Promise.all(waits);
    expect(order).toEqual(['gave up', 'first', 'third']);
  });

  it('takes notice of an answer that comes while it looks at the account', async () => {
    const time = new ManualTime();
    const store = new MemoryCreditStore();
    let gate: Promise<void> | undefined;
    const gated: CreditStore = {
      read: async () => {
        const stored = await store.read();
        await gate;
        return stored;
      },
      replace: (version, ledger) => store.replace(version, ledger),
    };
    const budget = budgetOf(time, { store: gated, creditsPerMinute: 1 });
    const first = await budget.take(1, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    let isGranted = false;
    const second = budget.take(1, signal).then(() => {
      isGranted = true;
    });
    await settled();
    gate = undefined;
    await first.answered();
    resolve();
    await time.advance(61_000);
    expect(isGranted).toBe(true);
    await second;
  });

  it('refuses an account that cannot be read, because a new one could overspend', async () => {
    const path = await folder();
    await writeFile(join(path, 'credits-4.json'), '{"claims":[');
    await expect(budgetOf(new JumpingTime(noonMs), { store: new FileCreditStore(path) }).take(1, signal)).rejects.toMatchObject({
      code: 'data-dir.unusable',
      message: expect.stringContaining("remove it after the vendor's next midnight (UTC)"),
    });
  });

  it.each([0, -1, 1.5, 9])('refuses %d credits', async credits => {
    await expect(budgetOf(new JumpingTime(noonMs)).take(credits, signal)).rejects.toMatchObject({ code: 'usage' });
  });

  it('never exceeds a minute or a day of the vendor, wherever they begin, whatever is slow, lost or restarted', async () => {
    let requests = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async drawn => {
        const counted = await played(drawn);
        requests += counted.length;
        const minutes = totals(counted, 60_000);
        const days = totals(counted, dayMs);
        expect(Math.max(0, ...minutes.values())).toBeLessThanOrEqual(drawn.creditsPerMinute);
        expect(Math.max(0, ...days.values())).toBeLessThanOrEqual(drawn.creditsPerDay);
      }),
      { numRuns: 150 },
    );
    expect(requests).toBeGreaterThan(2_000);
  });

  it('never exceeds a minute of the vendor when a clock that is ahead is set back, however often, and by how much', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, setBacks, async (drawn, steps) => {
        const minutes = totals(await played({ ...drawn, creditsPerDay: undefined }, steps), 60_000);
        expect(Math.max(0, ...minutes.values())).toBeLessThanOrEqual(drawn.creditsPerMinute);
      }),
      { numRuns: 150 },
    );
  });
});

const scenario = fc.record({
  creditsPerMinute: fc.integer({ min: 1, max: 8 }),
  creditsPerDay: fc.integer({ min: 8, max: 40 }),
  /** How far the vendor's clock is ahead of ours. */
  aheadMs: fc.integer({ min: -59_000, max: 59_000 }),
  /** Of the start, after a midnight. */
  startMs: fc.integer({ min: -300_000, max: 300_000 }),
  users: fc.array(
    fc.array(
      fc.record({
        credits: fc.integer({ min: 1, max: 3 }),
        /** From the claim until the vendor counts, and from there to the answer, together less than a request may take. */
        countedAfterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })),
        answeredAfterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4_900 })),
        end: fc.constantFrom('answered', 'answered', 'answered', 'lost', 'restart'),
        idleMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })),
      }),
      { minLength: 3, maxLength: 15 },
    ),
    { minLength: 1, maxLength: 4 },
  ),
});

type Drawn = typeof scenario extends fc.Arbitrary<infer T> ? T : never;
type Scenario = Omit<Drawn, 'creditsPerDay'> & { readonly creditsPerDay: number | undefined };

/** Of our clock, which is ahead by all of them together at first and right after the last one. */
const setBacks = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 300_000 }),
    byMs: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 3 * hourMs })),
  }),
  { minLength: 1, maxLength: 5 },
);

type SetBacks = typeof setBacks extends fc.Arbitrary<infer T> ? T : never;

interface Counted {
  readonly timeMs: number;
  readonly credits: number;
}

/** All that the vendor counted, by its own clock. */
async function played(
  { creditsPerMinute, creditsPerDay, aheadMs, startMs, users }: Scenario,
  steps: SetBacks = [],
): Promise<readonly Counted[]> {
  const time = new ManualTime();
  const rightClock = () => 20_000 * dayMs + startMs + time.clock();
  const clock = () => rightClock() + steps.reduce((sum, { atMs, byMs }) => (time.clock() < atMs ? sum + byMs : sum), 0);
  const store: CreditStore = new MemoryCreditStore();
  const started = () => new CreditBudget({ store, registry: new Registry(), clock, pause: time.pause, creditsPerMinute, creditsPerDay });
  const counted: Counted[] = [];
  let budget = started();
  const running = users.map(async requests => {
    for (const { credits, countedAfterMs, answeredAfterMs, end, idleMs } of requests) {
      const amount = Math.min(credits, creditsPerMinute);
      const grant = await budget.take(amount, signal);
      await time.pause(countedAfterMs, signal);
      counted.push({ timeMs: rightClock() + aheadMs, credits: amount });
      await time.pause(answeredAfterMs, signal);
      if (end === 'answered') await grant.answered();
      if (end === 'restart') budget = started();
      await time.pause(idleMs, signal);
    }
  });
  const all = Promise.all(running);
  let isOver = false;
  void all.then(() => {
    isOver = true;
  });
  while (!isOver) await time.advance(6 * 3_600_000);
  return counted;
}

function totals(counted: readonly Counted[], lengthMs: number): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const { timeMs, credits } of counted) {
    const window = Math.floor(timeMs / lengthMs);
    sums.set(window, (sums.get(window) ?? 0) + credits);
  }
  return sums;
}
