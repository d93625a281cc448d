import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { FileItems } from '@tapeline/database/file-items';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { type Answer, BackfillQueue, type BackfillQueueOptions } from '../src/backfill/backfill-queue.ts';
import { ItemBackfillStore } from '../src/backfill/backfill-store.ts';
import { FileCreditStore } from '../src/twelve-data/credit-store.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { aLogger } from './support/logger.ts';
import { connectedTo, type Rest, type RestParts, restOfThisFile } from './support/rest-servers.ts';

const nowMs = Date.parse('2026-03-04T12:00:00Z');
const minuteMs = 60_000;
const signal = new AbortController().signal;
const bars = () => ({ open: 100.5, high: 101, low: 99.25, close: 100, volume: 12 });
/** An hour of minutes that began so many hours ago. */
const hour = (hoursAgo: number, symbol = 'BTC/USD') => {
  const fromMs = nowMs - hoursAgo * 3_600_000;
  return { symbol, interval: '1m', fromMs, toMs: fromMs + 3_600_000, reason: 'gap of twelve-data/0' } as const;
};

type Window = Answer['windows'][number] & { readonly symbol: string };

function eachWindow(deliver: (window: Window) => Promise<void>): BackfillQueueOptions['take'] {
  return async ({ job, windows }) => {
    for (const window of windows) await deliver({ ...window, symbol: job.symbol });
  };
}

describe('backfill queue', () => {
  const rest = restOfThisFile();

  async function setUp(parts: RestParts = {}) {
    const time = new JumpingTime(nowMs);
    const made = await rest.start(time, { ...parts, server: { bars, ...parts.server } });
    return { ...made, ...(await opened(made, time, await rest.folder())) };
  }

  async function opened({ client }: Pick<Rest, 'client'>, time: JumpingTime, folder: string, options: Partial<BackfillQueueOptions> = {}) {
    const records: Window[] = [];
    const { logger, lines } = aLogger();
    const metrics = new Registry();
    const queue = await BackfillQueue.open({
      client,
      store: new ItemBackfillStore(new FileItems(folder)),
      take: eachWindow(async window => void records.push(window)),
      logger,
      registry: metrics,
      clock: time.clock,
      pause: time.pause,
      random: () => 0.5,
      ...options,
    });
    return { time, folder, records, lines, metrics, queue };
  }

  it('delivers every window of a range once', async () => {
    const { queue, records, server } = await setUp();
    await queue.enqueue(hour(3));
    await queue.run(signal, 'done');
    expect(records.map(({ startMs }) => (startMs - (nowMs - 3 * 3_600_000)) / minuteMs)).toEqual(
      Array.from({ length: 60 }, (_, index) => index),
    );
    expect(records[0]).toMatchObject({ symbol: 'BTC/USD', open: 100.5, volume: 12 });
    expect(server.journal).toHaveLength(1);
    expect(queue.progress).toEqual({ jobs: 0, refused: 0, windowsLeft: 0, oldestQueuedMs: undefined });
  });

  it('works on the oldest data first, whatever was asked for first', async () => {
    const { queue, records } = await setUp();
    for (const hoursAgo of [2, 5, 3]) await queue.enqueue(hour(hoursAgo));
    await queue.run(signal, 'done');
    const hours = [...new Set(records.map(({ startMs }) => Math.ceil((nowMs - startMs) / 3_600_000)))];
    expect(hours).toEqual([5, 3, 2]);
  });

  it('takes a range that is in it already for the same one, and widens ranges to whole windows', async () => {
    const { queue } = await setUp();
    expect(await queue.enqueue(hour(3))).toBe(true);
    const { fromMs, toMs, ...others } = hour(3);
    expect(await queue.enqueue({ ...others, fromMs: fromMs + 1, toMs: toMs - 59_999 })).toBe(false);
    expect(queue.progress).toEqual({ jobs: 1, refused: 0, windowsLeft: 60, oldestQueuedMs: nowMs });
  });

  it('refuses a range that is none', async () => {
    const { queue } = await setUp();
    await expect(queue.enqueue({ ...hour(3), toMs: hour(3).fromMs })).rejects.toMatchObject({ code: 'usage' });
    await expect(queue.enqueue({ ...hour(3), fromMs: Number.NaN })).rejects.toMatchObject({ code: 'usage' });
  });

  it('has a bound', async () => {
    const { client, time, folder } = await setUp();
    const { queue } = await opened({ client }, time, folder, { mostJobs: 1 });
    await queue.enqueue(hour(3));
    await expect(queue.enqueue(hour(4))).rejects.toMatchObject({ code: 'store.full', retriable: true });
  });

  it('asks for a long range in pieces that an answer can hold', async () => {
    const { queue, records, server } = await setUp();
    await queue.enqueue({ ...hour(24 * 7), toMs: nowMs - 3_600_000 });
    await queue.run(signal, 'done');
    expect(server.journal.map(({ parameters }) => [parameters.start_date, parameters.end_date])).toEqual([
      ['2026-02-25 12:00:00', '2026-02-28 23:18:59'],
      ['2026-02-28 23:19:00', '2026-03-04 10:37:59'],
      ['2026-03-04 10:38:00', '2026-03-04 10:59:59'],
    ]);
    expect(new Set(records.map(({ startMs }) => startMs)).size).toBe(7 * 1_440 - 60);
    expect(records).toHaveLength(7 * 1_440 - 60);
  });

  it('goes on where it stopped when it was killed: only the answer under way comes again', async () => {
    const creditFolder = await rest.folder();
    const { server, time, folder } = await setUp();
    const days = { ...hour(24 * 12), toMs: nowMs - 3_600_000 };
    const delivered = new Map<number, number>();
    let [lives, left] = [0, 0];
    for (let isDone = false; !isDone; lives += 1) {
      left = 7_000;
      const { client } = connectedTo(server.url, time, { budget: { store: new FileCreditStore(creditFolder) } });
      const life = new AbortController();
      const { queue } = await opened({ client }, time, folder, {
        take: eachWindow(async ({ startMs }) => {
          // Killed: nothing after this moment happens in this life.
          if (left === 0) return life.signal.aborted ? undefined : new Promise<void>(() => life.abort());
          left -= 1;
          delivered.set(startMs, (delivered.get(startMs) ?? 0) + 1);
        }),
      });
      if (lives === 0) await queue.enqueue(days);
      const killed = new Promise<false>(resolve => life.signal.addEventListener('abort', () => resolve(false)));
      isDone = await Promise.race([queue.run(signal, 'done').then(() => true), killed]);
    }
    expect(lives).toBe(4);
    expect(delivered.size).toBe(12 * 1_440 - 60);
    expect(Math.max(...delivered.values())).toBeLessThanOrEqual(2);
    // 4,999 windows a request: 4 pieces, and one of them again in each life but the first.
    expect(server.journal).toHaveLength(4 + 3);
    expect(server.account.refusals).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('waits until the vendor had time to finish the last bar', async () => {
    const { queue, records, time } = await setUp();
    await queue.enqueue({ ...hour(0), toMs: nowMs + minuteMs });
    await queue.run(signal, 'done');
    expect(records).toHaveLength(1);
    expect(time.nowMs - nowMs).toBe(minuteMs + 120_000);
  });

  it('knows a gap that joins a job while it is asked for, whether that fails or not', async () => {
    const { time, folder } = await setUp();
    const gaps = [1, 2, 3].map(minute => ({
      fromMs: hour(3).fromMs + minute * minuteMs,
      toMs: hour(3).fromMs + 9 * minuteMs,
      reason: 'mute',
    }));
    const answers: Answer[] = [];
    let asked = 0;
    const timeSeries = async (): Promise<never> => {
      asked += 1;
      await queue.enqueue({ ...hour(3), gap: gaps[asked] });
      throw new PipelineError(asked === 1 ? 'vendor.unavailable' : 'vendor.no-data', 'nothing', { retriable: true });
    };
    const take = async (answer: Answer) => void answers.push(answer);
    const { queue } = await opened({ client: { timeSeries } as unknown as Rest['client'] }, time, folder, { take });
    await queue.enqueue({ ...hour(3), gap: gaps[0] });
    await queue.run(signal, 'done');
    expect(answers.map(({ job, lastOf }) => [job.gaps, lastOf])).toEqual([[gaps, gaps]]);
  });

  it('is done once more for a gap that joins a job while its answer is carried out', async () => {
    const { client, time, folder } = await setUp();
    const gaps = [1, 2].map(minute => ({ fromMs: hour(3).fromMs + minute * minuteMs, toMs: hour(3).toMs, reason: 'mute' }));
    const answers: Answer[] = [];
    const take = async (answer: Answer): Promise<void> => {
      answers.push(answer);
      await queue.enqueue({ ...hour(3), gap: gaps[1] });
    };
    const { queue } = await opened({ client }, time, folder, { take });
    await queue.enqueue({ ...hour(3), gap: gaps[0] });
    await queue.run(signal, 'done');
    expect(answers.map(({ job, lastOf }) => [job.gaps, lastOf])).toEqual([
      [[gaps[0]], [gaps[0]]],
      [gaps, gaps],
    ]);
    expect(queue.progress.jobs).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is done with a range in which the vendor has nothing', async () => {
    const { queue, records, server } = await setUp({ server: { bars: () => undefined } });
    await queue.enqueue(hour(3));
    await queue.run(signal, 'done');
    expect([records.length, server.journal.length, queue.progress.jobs]).toEqual([0, 1, 0]);
  });

  it('keeps a refused range, says why, goes on with the others and asks again slowly', async () => {
    const { queue, records, server, lines, time, metrics } = await setUp();
    server.misbehave({ kind: 'error', code: 403, message: 'not in your plan', as: 'body', requests: 1 });
    await queue.enqueue(hour(5, 'AAPL'));
    await queue.enqueue(hour(3));
    await queue.run(signal, 'done');
    expect(new Set(records.map(({ symbol }) => symbol))).toEqual(new Set(['BTC/USD']));
    expect(queue.progress).toEqual({ jobs: 1, refused: 1, windowsLeft: 60, oldestQueuedMs: nowMs });
    expect(lines.map(({ msg }) => msg)).toContain(
      'backfill of AAPL 1m is refused, its bars stay as they are: time_series was answered with code 403: not in your plan',
    );
    expect(await metrics.metrics()).toContain('tapeline_backfiller_jobs_refused 1');
    time.nowMs += 21_600_000;
    await queue.run(signal, 'done');
    expect(queue.progress).toEqual({ jobs: 0, refused: 0, windowsLeft: 0, oldestQueuedMs: undefined });
    expect(records.filter(({ symbol }) => symbol === 'AAPL')).toHaveLength(60);
  });

  describe('a symbol of which several ranges are refused', () => {
    /** Asks somebody who refuses these, and notes who was asked for. */
    async function refusing(isRefused: (request: { readonly symbol: string; readonly fromMs: number }) => boolean) {
      const { time, folder } = await setUp();
      const asked: string[] = [];
      const timeSeries = async (request: { readonly symbol: string; readonly fromMs: number }) => {
        asked.push(`${request.symbol} ${(nowMs - request.fromMs) / 3_600_000}`);
        if (isRefused(request)) throw new PipelineError('vendor.refused', 'not in your plan', { retriable: false });
        throw new PipelineError('vendor.no-data', 'nothing', { retriable: false });
      };
      const client = { timeSeries } as unknown as Rest['client'];
      return { asked, ...(await opened({ client }, time, folder)), client };
    }

    it('costs a few credits every six hours, however many there are, and holds up no other symbol', async () => {
      const { queue, asked, time } = await refusing(({ symbol }) => symbol === 'AAPL');
      for (const hoursAgo of [9, 8, 7, 6, 5]) await queue.enqueue(hour(hoursAgo, 'AAPL'));
      await queue.enqueue(hour(3));
      await queue.run(signal, 'done');
      expect(asked).toEqual(['AAPL 9', 'AAPL 8', 'AAPL 7', 'BTC/USD 3']);
      time.nowMs += 21_600_000;
      await queue.enqueue(hour(2));
      await queue.run(signal, 'done');
      expect(asked.slice(4)).toEqual(['AAPL 6', 'AAPL 5', 'BTC/USD 2', 'AAPL 9']);
      expect(queue.progress).toMatchObject({ jobs: 5, refused: 5 });
    });

    it('is asked for the others first when it is asked for again', async () => {
      const { queue, asked, time } = await refusing(({ fromMs }) => fromMs <= hour(7).fromMs);
      for (const hoursAgo of [9, 8, 7, 6, 5]) await queue.enqueue(hour(hoursAgo));
      await queue.run(signal, 'done');
      expect(asked).toHaveLength(3);
      time.nowMs += 21_600_000;
      await queue.run(signal, 'done');
      expect(asked.slice(3, 5)).toEqual(['BTC/USD 6', 'BTC/USD 5']);
      expect(queue.progress).toMatchObject({ jobs: 3, refused: 3 });
    });

    it('is waited for without haste', async () => {
      const { queue, asked, time } = await refusing(() => true);
      for (const hoursAgo of [9, 8, 7, 6]) await queue.enqueue(hour(hoursAgo));
      const stop = new AbortController();
      const running = queue.run(stop.signal);
      await eventually('nine requests', () => asked.length >= 9);
      stop.abort();
      await running;
      expect(time.nowMs - nowMs).toBeGreaterThanOrEqual(2 * 21_600_000);
    });

    it('is given up where its ranges are too old, and no others are', async () => {
      const { queue, asked, time, folder, client } = await refusing(({ symbol }) => symbol === 'AAPL');
      for (const hoursAgo of [9, 8, 7, 6, 5]) await queue.enqueue(hour(hoursAgo, 'AAPL'));
      await queue.run(signal, 'done');
      await queue.enqueue(hour(9));
      await queue.forgetRefused(hour(5).toMs);
      expect(queue.progress.jobs).toBe(2);
      const { queue: later } = await opened({ client }, time, folder);
      await later.run(signal, 'done');
      expect(asked.slice(3)).toEqual(['BTC/USD 9', 'AAPL 5']);
    });
  });

  it.each([
    { kind: 'error', code: 500, as: 'body', requests: 4 },
    { kind: 'cut', when: 'counted', requests: 4 },
    { kind: 'cut', when: 'in-body', requests: 4 },
    { kind: 'malformed', form: 'truncated', requests: 4 },
    { kind: 'exhausted', window: 'minute', requests: 4 },
    { kind: 'exhausted', window: 'day', as: 'body', requests: 4 },
    { kind: 'slow', delayMs: 400, requests: 2 },
  ] as const)('tries again until it is there, with longer and longer pauses: %j', async fault => {
    const { queue, records, server } = await setUp({ client: { requestTimeoutMs: 200 } });
    server.misbehave(fault);
    await queue.enqueue(hour(3));
    await queue.run(signal, 'done');
    expect(records).toHaveLength(60);
    expect(server.journal).toHaveLength(fault.requests + 1);
    expect(server.account.refusals).toEqual([]);
  });

  it('does not let one range that is always answered badly keep the others waiting', async () => {
    const { queue, records, server, time } = await setUp();
    server.misbehave({ kind: 'malformed', form: 'not-json', requests: 1 });
    await queue.enqueue(hour(5, 'AAPL'));
    await queue.enqueue(hour(3));
    await queue.run(signal, 'done');
    expect(records.map(({ symbol }) => symbol).filter((symbol, index, all) => symbol !== all[index - 1])).toEqual(['BTC/USD', 'AAPL']);
    expect(time.nowMs - nowMs).toBeLessThan(5_000);
  });

  it('takes a range that is answered badly again and again for one that is refused: it keeps no run from its end', async () => {
    const { queue, server, lines, time } = await setUp();
    server.misbehave({ kind: 'malformed', form: 'wrong-types' });
    await queue.enqueue(hour(3));
    await queue.run(AbortSignal.timeout(3_000), 'done');
    expect(server.journal).toHaveLength(20);
    expect((time.nowMs - nowMs) / 3_600_000).toBeGreaterThan(1.5);
    expect(queue.progress).toMatchObject({ jobs: 1, refused: 1 });
    expect(lines.at(-1)?.msg).toMatch(
      /^backfill of BTC\/USD 1m is refused, its bars stay as they are: time_series was answered with something else: /,
    );
  });

  it('ends on a key that is refused, and keeps the range', async () => {
    const { queue } = await setUp({ server: { apiKey: 'another' } });
    await queue.enqueue(hour(3));
    await expect(queue.run(signal)).rejects.toMatchObject({ code: 'feed.key-refused', retriable: false });
    expect(queue.progress.jobs).toBe(1);
  });

  it('delivers again what a log that was away did not take, and ends on any other failure of it', async () => {
    const { client, time, folder } = await setUp();
    const starts = new Set<number>();
    let tries = 0;
    const { queue } = await opened({ client }, time, folder, {
      take: eachWindow(async ({ startMs }) => {
        tries += 1;
        if (tries === 30) throw new PipelineError('log.unavailable', 'the log is away', { retriable: true });
        starts.add(startMs);
      }),
    });
    await queue.enqueue(hour(3));
    await queue.run(signal, 'done');
    expect([starts.size, tries]).toEqual([60, 90]);
    const broken = await opened({ client }, time, folder, { take: () => Promise.reject(new TypeError('a fault of ours')) });
    await broken.queue.enqueue(hour(3));
    await expect(broken.queue.run(signal, 'done')).rejects.toThrow('a fault of ours');
  });

  it('stops when it is told to, while it waits for an answer', async () => {
    const { queue, server } = await setUp();
    server.misbehave({ kind: 'slow', delayMs: 60_000 });
    await queue.enqueue(hour(3));
    const stop = new AbortController();
    const running = queue.run(stop.signal);
    await eventually('a request', () => server.journal.length > 0);
    stop.abort();
    await running;
    expect(queue.progress.jobs).toBe(1);
  });

  it('stops when it is told to, while it waits for work, and takes up work that comes while it waits', async () => {
    const { client, folder } = await setUp();
    // Real pauses: none of them ends by itself within the test.
    const { queue, records } = await opened({ client }, new JumpingTime(nowMs), folder, { pause });
    const stop = new AbortController();
    const running = queue.run(stop.signal);
    await pause(20);
    await queue.enqueue(hour(3));
    await eventually('all records', () => records.length >= 60);
    stop.abort();
    await running;
  });

  it('shows how far it is, as metrics and in the log', async () => {
    const { queue, metrics, lines } = await setUp();
    await queue.enqueue(hour(3));
    expect(await metrics.metrics()).toContain('tapeline_backfiller_windows_left 60');
    await queue.run(signal, 'done');
    const text = await metrics.metrics();
    for (const line of ['jobs 0', 'windows_left 0', 'jobs_done_total 1', 'oldest_job_queued_timestamp_seconds 0'])
      expect(text).toContain(`backfiller_${line}`);
    expect(lines.at(-1)).toMatchObject({ msg: 'backfill of BTC/USD 1m is done, 0 to go', reason: 'gap of twelve-data/0', windowsLeft: 0 });
  });

  it('refuses a job that cannot be read, by its file', async () => {
    const folder = await rest.folder();
    await writeFile(join(folder, 'x.json'), '{"id":1}');
    await expect(new ItemBackfillStore(new FileItems(folder)).all()).rejects.toMatchObject({
      code: 'data-dir.unusable',
      message: expect.stringContaining('x.json'),
    });
  });
});
