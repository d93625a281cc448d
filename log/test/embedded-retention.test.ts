/** What the embedded log forgets, and by which clock. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type EmbeddedLogOptions, openEmbeddedLog } from '../src/embedded-log.ts';
import { RetentionClock } from '../src/embedded-retention.ts';
import type { MarketLog } from '../src/market-log.ts';
import { someEntries, take } from './support/log-reading.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

describe('retention of the embedded log', () => {
  let directory: string;
  const logs: MarketLog[] = [];

  beforeEach(() => {
    directory = temporaryFolder('log');
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close();
  });

  async function open(options: Partial<EmbeddedLogOptions>): Promise<MarketLog> {
    const log = await openEmbeddedLog({ directory, logger: pino({ level: 'silent' }), ...options });
    logs.push(log);
    return log;
  }

  it('deletes the records that are older than their topic allows, and no others', async () => {
    let nowMs = 1_000_000;
    const log = await open({ now: () => nowMs, retentionIntervalMs: 20 });
    await log.ensureTopics([
      { name: 'short', partitions: 2, retentionMs: 10_000 },
      { name: 'for-ever', partitions: 1 },
    ]);
    await log.append([...someEntries('short', 1, 0, 2_500), ...someEntries('for-ever', 0, 0, 5)]);
    nowMs = 1_005_000;
    await log.append(someEntries('short', 1, 2_500, 5));
    nowMs = 1_010_001;
    await eventually('the old records are deleted', async () => (await log.offsets('short'))[1]?.lowOffset === 2_500);
    expect(await log.offsets('short')).toEqual([
      { partition: 0, lowOffset: 0, highWatermark: 0 },
      { partition: 1, lowOffset: 2_500, highWatermark: 2_505 },
    ]);
    expect((await log.offsets('for-ever'))[0]?.lowOffset).toBe(0);
    await expect(take(log.read({ topic: 'short', partition: 1, fromOffset: 2_499 }), 1)).rejects.toMatchObject({
      code: 'log.out-of-range',
      fields: { lowOffset: 2_500 },
    });
  });

  it('goes on with the next offset when every record was deleted', async () => {
    let nowMs = 1_000_000;
    const log = await open({ now: () => nowMs, retentionIntervalMs: 20 });
    await log.ensureTopics([{ name: 'short', partitions: 1, retentionMs: 10_000 }]);
    await log.append(someEntries('short', 0, 0, 3));
    nowMs = 1_100_000;
    await eventually('every record is deleted', async () => (await log.offsets('short'))[0]?.lowOffset === 3);
    await log.close();
    const again = await open({ now: () => nowMs });
    await again.append(someEntries('short', 0, 3, 1));
    expect((await take(again.read({ topic: 'short', partition: 0, fromOffset: 3 }), 1)).map(record => record.offset)).toEqual([3]);
  });

  describe('under a clock that leaps ahead', () => {
    let nowMs: number;

    beforeEach(() => {
      nowMs = 1_000 * dayMs;
    });

    async function aLogOfADay(): Promise<MarketLog> {
      const log = await open({ now: () => nowMs, retentionIntervalMs: 10 });
      await log.ensureTopics([{ name: 'day', partitions: 1, retentionMs: dayMs }]);
      await log.append(someEntries('day', 0, 0, 3));
      await pause(50);
      return log;
    }

    const lowOffset = async (log: MarketLog) => (await log.offsets('day'))[0]?.lowOffset;

    it('keeps what was appended before, also when more is appended by that clock', async () => {
      const log = await aLogOfADay();
      nowMs += 10 * dayMs;
      await log.append(someEntries('day', 0, 3, 1));
      await pause(150);
      expect(await lowOffset(log)).toBe(0);
    });

    it('keeps it when the process begins with such a clock', async () => {
      await (await aLogOfADay()).close();
      nowMs += 10 * dayMs;
      const log = await open({ now: () => nowMs, retentionIntervalMs: 10 });
      await log.append(someEntries('day', 0, 3, 1));
      await pause(150);
      expect(await lowOffset(log)).toBe(0);
    });

    it('forgets what is old by it when it has stayed so', async () => {
      const log = await aLogOfADay();
      nowMs += 10 * dayMs;
      await eventually('the records are deleted', async () => (await lowOffset(log)) === 3);
    });
  });
});

describe('the clock of retention', () => {
  const startMs = 1_000 * dayMs;

  /** What it believes when it is asked each minute for `minutes` by a clock that goes on from `fromMs`; the last answer. */
  function after(clock: RetentionClock, fromMs: number, minutes: number): number {
    let believedMs = Number.NaN;
    for (let minute = 0; minute < minutes; minute += 1) believedMs = clock.believed(fromMs + minute * minuteMs);
    return believedMs;
  }

  it('is the clock while that goes on, and goes back with it', () => {
    const clock = new RetentionClock(startMs);
    expect(after(clock, startMs, 500)).toBe(startMs + 499 * minuteMs);
    expect(after(clock, startMs - dayMs, 1)).toBe(startMs - dayMs);
  });

  it('stands still for an hour after a leap', () => {
    const clock = new RetentionClock(startMs);
    after(clock, startMs, 2);
    expect(after(clock, startMs + 10 * dayMs, 60)).toBe(startMs + minuteMs);
    expect(after(clock, startMs + 10 * dayMs + hourMs, 1)).toBe(startMs + 10 * dayMs + hourMs);
  });

  it('never was ahead where the clock is set right within the hour', () => {
    const clock = new RetentionClock(startMs);
    after(clock, startMs, 2);
    after(clock, startMs + 10 * dayMs, 30);
    expect(after(clock, startMs + hourMs, 1)).toBe(startMs + minuteMs);
    expect(after(clock, startMs + hourMs + minuteMs, 60)).toBe(startMs + 2 * hourMs);
  });

  it('waits anew when the clock leaps again', () => {
    const clock = new RetentionClock(startMs);
    after(clock, startMs + 10 * dayMs, 50);
    expect(after(clock, startMs + 20 * dayMs, 60)).toBe(startMs);
  });

  it('goes back with a clock that is set back beyond it, while it waits too', () => {
    const clock = new RetentionClock(startMs);
    after(clock, startMs + 10 * dayMs, 30);
    expect(after(clock, startMs - dayMs, 1)).toBe(startMs - dayMs);
  });
});
