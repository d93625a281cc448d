/** A week at 8 credits a minute and 800 a day, over a real HTTP server, in some seconds: the clock jumps over what is waited for. */
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { BackfillQueue } from '../src/backfill/backfill-queue.ts';
import type { BackfillStore } from '../src/backfill/backfill-store.ts';
import type { CreditStore } from '../src/twelve-data/credit-store.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { MemoryBackfillStore } from './support/memory-backfills.ts';
import { MemoryCreditStore } from './support/memory-credits.ts';
import { connectedTo, restOfThisFile } from './support/rest-servers.ts';

const startMs = Date.parse('2026-03-02T09:17:23.456Z');
const minuteMs = 60_000;
const dayMs = 86_400_000;
const windowsOfRequest = 4_999;
/** Traded once in 1,000 minutes, so that a request for 4,999 of them has a short answer. */
const bars = (_: unknown, openMs: number) =>
  (openMs / minuteMs) % 1_000 === 0 ? { open: 100, high: 101, low: 99, close: 100 } : undefined;

describe('a week of backfills', () => {
  const rest = restOfThisFile();

  it.each([
    [7, 41_000],
    [2, 0],
    [2, -41_000],
  ])(
    'spends all that the plan gives and never more, over %d days, with a vendor whose clock is %d ms ahead',
    async (days, aheadMs) => {
      const time = new JumpingTime(startMs);
      const { server } = await rest.start(time, { server: { clock: () => time.nowMs + aheadMs, bars } });
      const [jobs, credits] = [new MemoryBackfillStore(), new MemoryCreditStore()];
      const delivered = new Map<string, number>();
      const endMs = startMs + days * dayMs;
      for (let life = 0; time.nowMs < endMs; life += 1) {
        const isEven = life % 2 === 0;
        server.misbehave(isEven ? { kind: 'cut', when: 'counted', requests: 3 } : { kind: 'error', code: 500, as: 'body', requests: 2 });
        await lived({ time, jobs, credits, url: server.url, delivered, untilMs: Math.min(endMs, time.nowMs + 1.3 * dayMs) });
      }
      const { account } = server;
      expect(account.refusals).toEqual([]);
      expect(account.mostInMinute).toBe(8);
      const spent = [...account.days.values()];
      expect(spent.slice(0, days)).toEqual(Array(days).fill(800));
      expect(spent.at(-1)).toBeLessThanOrEqual(800);
      const wasted = [...delivered.values()].filter(times => times > 1).length;
      expect(wasted).toBeLessThanOrEqual(5 * days);
      expect(delivered.size).toBeGreaterThan(3_900 * days);
    },
    60_000,
  );

  it('shares a key between backfill, instruments and market states', async () => {
    const time = new JumpingTime(startMs);
    const { server, client } = await rest.start(time, { server: { bars } });
    const { signal } = new AbortController();
    const asks = [
      () => client.quote('AAPL', signal),
      () => client.marketState('XNAS', signal),
      () => client.timeSeries({ symbol: 'BTC/USD', interval: '1m', fromMs: 1_000 * minuteMs, toMs: 1_001 * minuteMs }, signal),
    ];
    const counts = asks.map(async ask => {
      for (let count = 0; ; count += 1) {
        if (time.nowMs > startMs + dayMs) return count;
        await ask();
      }
    });
    const served = await Promise.all(counts);
    expect(server.account.refusals).toEqual([]);
    expect([...server.account.days.values()][0]).toBe(800);
    // First come, first served: all three get the same.
    expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1);
  }, 60_000);
});

interface Life {
  readonly time: JumpingTime;
  readonly jobs: BackfillStore;
  readonly credits: CreditStore;
  readonly url: string;
  /** How often each window came. */
  readonly delivered: Map<string, number>;
  readonly untilMs: number;
}

/** One process, which is killed in the middle of the first answer after `untilMs`. */
async function lived({ time, jobs, credits, url, delivered, untilMs }: Life): Promise<void> {
  const { client, registry } = connectedTo(url, time, { budget: { store: credits } });
  const { promise: killed, resolve: kill } = Promise.withResolvers<void>();
  const queue = await BackfillQueue.open({
    client,
    store: jobs,
    take: async ({ job, windows }) => {
      for (const { startMs: openMs } of windows) {
        const window = `${job.symbol} ${openMs}`;
        delivered.set(window, (delivered.get(window) ?? 0) + 1);
        if (time.nowMs < untilMs) continue;
        kill();
        await new Promise<void>(() => {});
      }
    },
    logger: pino({ level: 'silent' }),
    registry,
    clock: time.clock,
    pause: time.pause,
  });
  const isFirst = delivered.size === 0;
  for (const symbol of isFirst ? ['BTC/USD', 'ETH/USD', 'AAPL', 'EUR/USD'] : []) {
    const toMs = Math.floor(startMs / dayMs) * dayMs;
    await queue.enqueue({ symbol, interval: '1m', fromMs: toMs - 2_000 * windowsOfRequest * minuteMs, toMs, reason: 'a test' });
  }
  await Promise.race([queue.run(new AbortController().signal), killed]);
}
