import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { Registry } from 'prom-client';
import { LogLag } from '../src/log-lag.ts';

/** A reader that has read 10 records of partition 0 and 20 of partition 1, of a log that somebody else writes. */
function following() {
  let nowMs = 0;
  const log = { highWatermarks: [10, 20], isAway: false, asked: 0 };
  const nextOffsets: (number | undefined)[] = [10, 20];
  const offsets = async () => {
    log.asked += 1;
    if (log.isAway) throw new PipelineError('log.unavailable', 'no broker answers', { retriable: true });
    return log.highWatermarks.map((highWatermark, partition) => ({ partition, lowOffset: 0, highWatermark }));
  };
  const gauge = metricOf(new Registry(), 'tapeline_live_board_lag_records');
  const next = () => nextOffsets.entries();
  const lag = new LogLag({ log: { offsets }, topic: 'market-data.feed', gauge, nextOffsets: next, now: () => nowMs });
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second += 1) {
      nowMs += 1_000;
      lag.look();
      await new Promise(setImmediate);
    }
  };
  const told = async () => (await gauge.get()).values.map(({ value }) => value);
  return { lag, log, nextOffsets, seconds, told };
}

describe('the lag of a reader', () => {
  it('is told by what is read, and asked for only while a partition brings nothing', async () => {
    const { lag, log, seconds, told } = following();
    lag.tell(0, 2);
    lag.tell(1, 3);
    await seconds(4);
    expect([await told(), log.asked]).toEqual([[2, 3], 0]);
    log.highWatermarks = [700, 20];
    lag.tell(1, 1);
    await seconds(1);
    expect([await told(), log.asked]).toEqual([[690, 0], 1]);
  });

  it('vanishes while the log cannot be asked, which is a problem then, and comes back with it', async () => {
    const { lag, log, seconds, told } = following();
    lag.tell(0, 2);
    lag.tell(1, 3);
    log.isAway = true;
    await seconds(14);
    expect([await told(), lag.problem]).toEqual([[2, 3], undefined]);
    await seconds(1);
    expect([await told(), lag.problem]).toEqual([[], 'the log does not answer: no broker answers']);
    log.isAway = false;
    await seconds(1);
    expect([await told(), lag.problem]).toEqual([[0, 0], undefined]);
  });

  it('is not told of a partition without a snapshot, and that is no problem of the log', async () => {
    const { lag, nextOffsets, seconds, told } = following();
    nextOffsets[1] = undefined;
    await seconds(20);
    expect([await told(), lag.problem]).toEqual([[0], undefined]);
  });

  it("is nobody's once its partitions were left, also when the log answers after that", async () => {
    const { lag, log, seconds, told } = following();
    lag.tell(0, 2);
    await seconds(4);
    const asking = seconds(1);
    lag.close();
    await asking;
    expect([await told(), log.asked]).toEqual([[], 1]);
  });
});
