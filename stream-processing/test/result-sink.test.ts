import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { BarPartitions } from '../src/bar-partitions.ts';
import { HotFold } from '../src/hot/hot-fold.ts';
import { PartitionLost } from '../src/patience.ts';
import { ResultBatch } from '../src/result-batch.ts';
import { ResultSink, type ResultSinkOptions } from '../src/result-sink.ts';
import { aSession, aTick, at, foldOptions } from './support/builders.ts';

interface Flush {
  /** Prices of its ticks, and of its latest rows. */
  readonly ticks: readonly number[];
  readonly latest: readonly number[];
  done(): void;
  fail(error: Error): void;
}

/** A sink whose flushes end when the test says so. */
function sinkOf(over: Partial<ResultSinkOptions> = {}) {
  const flushes: Flush[] = [];
  const durable: number[] = [];
  const failures: unknown[] = [];
  const losing = new AbortController();
  const fold = new HotFold(foldOptions);
  const newBatch = () => new ResultBatch(fold, { storeTicks: true, barPartitions: new BarPartitions(1) });
  fold.apply(aSession({ timeMs: at(-600) }), newBatch().results);
  const sink = new ResultSink({
    newBatch,
    nextOffset: 0,
    flush: (results: ResultBatch) =>
      new Promise((done, fail) => {
        const rows = results.rows();
        flushes.push({ ticks: rows?.ticks.map(row => row.tick.price) ?? [], latest: rows?.latest.map(row => row.price) ?? [], done, fail });
      }),
    durable: offset => durable.push(offset),
    failed: reason => failures.push(reason),
    lost: losing.signal,
    latestIntervalMs: 0,
    ...over,
  });
  /** Takes a tick of this price in, as of the record before `nextOffset`. */
  const take = (price: number, nextOffset: number): void => {
    fold.apply(aTick({ price, timeMs: at(nextOffset / 1_000) }), sink.results.results);
    sink.advance(nextOffset);
  };
  return { sink, take, flushes, durable, failures, lose: () => losing.abort() };
}

const pause = () => new Promise<void>(resolve => setImmediate(resolve));
const ticksOf = (flushes: readonly Flush[]) => flushes.map(flush => flush.ticks);

describe('the sink of results', () => {
  it('flushes at once, and knows the offset up to which all is durable, whichever flush ends first', async () => {
    const { sink, take, flushes, durable } = sinkOf();
    take(1, 10);
    take(2, 20);
    expect(ticksOf(flushes)).toEqual([[1], [2]]);
    flushes[1]?.done();
    await pause();
    expect([sink.durableOffset, durable]).toEqual([0, []]);
    flushes[0]?.done();
    await pause();
    expect([sink.durableOffset, durable]).toEqual([20, [20]]);
    sink.close();
  });

  it('counts records without results as durable once all before them is', async () => {
    const { sink, take, flushes } = sinkOf();
    sink.advance(5);
    expect(sink.durableOffset).toBe(5);
    take(1, 10);
    sink.advance(30);
    expect(sink.durableOffset).toBe(5);
    flushes[0]?.done();
    await pause();
    expect(sink.durableOffset).toBe(30);
    sink.close();
  });

  it('gathers results while enough is under way, and makes one flush of them', async () => {
    const { sink, take, flushes } = sinkOf({ maxInFlight: 1 });
    for (const n of [1, 2, 3, 4]) take(n, n * 10);
    expect(ticksOf(flushes)).toEqual([[1]]);
    flushes[0]?.done();
    await pause();
    expect(ticksOf(flushes)).toEqual([[1], [2, 3, 4]]);
    expect(flushes[1]?.latest).toEqual([4]);
    expect(sink.durableOffset).toBe(10);
    flushes[1]?.done();
    await pause();
    expect(sink.durableOffset).toBe(40);
    sink.close();
  });

  it('lets the fold wait while more is pending than the bound, and drops nothing', async () => {
    const { sink, take, flushes } = sinkOf({ maxInFlight: 1, maxPendingBytes: 1_200 });
    for (const n of [1, 2, 3]) take(n, n);
    expect([sink.hasRoom, sink.pendingBytes]).toEqual([false, 1_500]);
    let hasRoom = false;
    void sink.room().then(() => {
      hasRoom = true;
    });
    await pause();
    expect(hasRoom).toBe(false);
    flushes[0]?.done();
    await pause();
    expect([hasRoom, sink.pendingBytes]).toEqual([true, 1_000]);
    sink.close();
  });

  it('is settled when all that was in is durable, the latest prices too', async () => {
    const { sink, take, flushes } = sinkOf({ latestIntervalMs: 60_000 });
    take(1, 10);
    take(2, 20);
    expect(flushes.map(flush => flush.latest)).toEqual([[1], []]);
    let isSettled = false;
    void sink.settled().then(() => {
      isSettled = true;
    });
    await pause();
    expect(flushes.map(flush => flush.latest)).toEqual([[1], [], [2]]);
    flushes[0]?.done();
    flushes[1]?.done();
    await pause();
    expect([isSettled, sink.durableOffset]).toEqual([false, 10]);
    flushes[2]?.done();
    await pause();
    expect([isSettled, sink.durableOffset]).toEqual([true, 20]);
    sink.close();
  });

  it('writes the latest price of a symbol that has gone quiet a moment later, and not with every tick', async () => {
    const { sink, take, flushes } = sinkOf({ latestIntervalMs: 50 });
    for (const n of [1, 2, 3]) {
      take(n, n);
      flushes.at(-1)?.done();
      await pause();
    }
    expect(flushes.map(flush => flush.latest)).toEqual([[1], [], []]);
    await sleep(200);
    expect(flushes.map(flush => flush.latest)).toEqual([[1], [], [], [3]]);
    flushes[3]?.done();
    await pause();
    expect(sink.durableOffset).toBe(3);
    sink.close();
  });

  it('tells a flush that failed, once, and to all who wait', async () => {
    const { sink, take, flushes, durable, failures } = sinkOf({ maxPendingBytes: 1 });
    take(1, 10);
    take(2, 20);
    const waiting = [sink.room(), sink.settled()].map(promise => promise.catch((error: unknown) => error));
    flushes[0]?.fail(new Error('no such table'));
    flushes[1]?.done();
    expect(await Promise.all(waiting)).toEqual([new Error('no such table'), new Error('no such table')]);
    await pause();
    expect([failures, durable]).toEqual([[new Error('no such table')], []]);
    await expect(sink.room()).rejects.toThrow('no such table');
    sink.close();
  });

  it('says nothing is durable any more of a partition that was lost', async () => {
    const { sink, take, flushes, durable, lose } = sinkOf({ maxPendingBytes: 1 });
    take(1, 10);
    const waiting = sink.room().catch((error: unknown) => error);
    lose();
    expect(await waiting).toBeInstanceOf(PartitionLost);
    flushes[0]?.done();
    await pause();
    expect(durable).toEqual([]);
    await expect(sink.settled()).rejects.toBeInstanceOf(PartitionLost);
    sink.close();
  });
});
