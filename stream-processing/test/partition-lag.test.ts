import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { Registry } from 'prom-client';
import { PartitionLag } from '../src/partition-lag.ts';
import { createProcessorMetrics } from '../src/processor-metrics.ts';

/** A partition that has processed 10 records of a log that somebody else writes. */
function waiting() {
  const metrics = createProcessorMetrics(new Registry());
  let nowMs = 0;
  const log = { highWatermark: 10, isAway: false, asked: 0 };
  const offsets = async () => {
    log.asked += 1;
    if (log.isAway) throw new PipelineError('log.unavailable', 'no broker answers', { retriable: true });
    return [{ partition: 3, lowOffset: 0, highWatermark: log.highWatermark }];
  };
  const claim = { topic: 'market-data.feed', partition: 3 };
  const lag = new PartitionLag({ log: { offsets }, claim, metrics, nextOffset: () => 10, now: () => nowMs });
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second += 1) {
      nowMs += 1_000;
      lag.look();
      await new Promise(setImmediate);
    }
  };
  return { lag, log, seconds, told: async () => (await metrics.lag.get()).values[0]?.value };
}

describe('the lag of a partition', () => {
  it('is told by what is read, and asked for only while nothing comes', async () => {
    const { lag, log, seconds, told } = waiting();
    lag.tell(12);
    await seconds(4);
    expect([await told(), log.asked]).toEqual([2, 0]);
    log.highWatermark = 700;
    await seconds(1);
    expect([await told(), log.asked]).toEqual([690, 1]);
  });

  it('vanishes while the log cannot be asked, and comes back with it', async () => {
    const { lag, log, seconds, told } = waiting();
    lag.tell(12);
    log.isAway = true;
    await seconds(14);
    expect(await told()).toBe(2);
    await seconds(1);
    expect(await told()).toBeUndefined();
    log.isAway = false;
    await seconds(1);
    expect(await told()).toBe(0);
  });

  it("is nobody's once the partition was left, also when the log answers after that", async () => {
    const { lag, log, seconds, told } = waiting();
    lag.tell(12);
    await seconds(4);
    const asking = seconds(1);
    lag.close();
    await asking;
    expect([await told(), log.asked]).toEqual([undefined, 1]);
  });
});
