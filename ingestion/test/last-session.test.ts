import { describe, expect, it } from '@jest/globals';
import type { FeedRecord } from '@tapeline/core/records';
import { findLastSession } from '../src/last-session.ts';
import { logEntries } from '../src/log-entries.ts';
import { aHeartbeat, aSession, aTick, noonMs } from './support/events.ts';
import { MemoryLog } from './support/memory-log.ts';

async function logOf(...records: readonly FeedRecord[]): Promise<MemoryLog> {
  const log = new MemoryLog(4);
  await log.append(records.flatMap(record => logEntries(record, 4)));
  return log;
}

describe('the last session in the log', () => {
  it('is none in an empty log, nor in one of another feed', async () => {
    expect(await findLastSession(await logOf(), 'twelve-data/0')).toBeUndefined();
    const other = await logOf(aSession({ feed: 'finnhub/0', session: 9 }), aHeartbeat({ feed: 'finnhub/0', session: 9 }));
    expect(await findLastSession(other, 'twelve-data/0')).toBeUndefined();
  });

  it('ended at the last price that its last heartbeat knew', async () => {
    const log = await logOf(
      aSession({ session: 3 }),
      aTick({ session: 3, receivedTimeMs: noonMs + 100 }),
      aHeartbeat({ session: 3, timeMs: noonMs + 250, lastDataMs: noonMs + 100 }),
    );
    expect(await findLastSession(log, 'twelve-data/0')).toEqual({ session: 3, reason: 'ended without a word', lastDataMs: noonMs + 100 });
  });

  it('ended as the heartbeats after its end tell, in whichever partition one is', async () => {
    const log = await logOf(aSession({ session: 3 }), aHeartbeat({ session: 3, lastDataMs: noonMs + 100 }));
    const told = aHeartbeat({
      session: 3,
      timeMs: noonMs + 500,
      connected: false,
      lastDataMs: noonMs + 100,
      endReason: 'ingester stopped',
    });
    await log.append(logEntries(told, 4).slice(2, 3));
    expect(await findLastSession(log, 'twelve-data/0')).toEqual({ session: 3, reason: 'ingester stopped', lastDataMs: noonMs + 100 });
    await log.append(logEntries(aSession({ session: 4, timeMs: noonMs + 900 }), 4));
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 4, reason: 'ended without a word' });
  });

  it('ended at a tick after its last heartbeat, in whichever partition it is', async () => {
    const log = await logOf(
      aSession({ session: 3 }),
      aHeartbeat({ session: 3, lastDataMs: noonMs + 100 }),
      aTick({ session: 3, symbol: 'ETH/BTC', receivedTimeMs: noonMs + 300 }),
      aTick({ session: 3, symbol: 'BTC/USD', receivedTimeMs: noonMs + 200 }),
    );
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs + 300 });
  });

  it('ended at the last price before the heartbeat that every partition has, where one did not take all of the last append', async () => {
    const log = await logOf(
      aSession({ session: 3 }),
      aTick({ session: 3, receivedTimeMs: noonMs + 100 }),
      aHeartbeat({ session: 3, timeMs: noonMs + 250, lastDataMs: noonMs + 100 }),
    );
    // Another price before this one was lost with its partition.
    const torn = [
      aTick({ session: 3, symbol: 'ETH/BTC', sequence: 3, receivedTimeMs: noonMs + 400 }),
      aHeartbeat({ session: 3, timeMs: noonMs + 500, lastDataMs: noonMs + 400 }),
    ].flatMap(record => logEntries(record, 4));
    const missing = (torn[0]?.partition ?? 0) === 0 ? 1 : 0;
    await log.append(torn.filter(({ partition }) => partition !== missing));
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs + 100 });
    await log.append(torn.filter(({ partition }) => partition === missing));
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs + 400 });
  });

  it('ended before its last heartbeat where its last prices had waited through a standstill of the process, which was killed then', async () => {
    const records = [
      aSession({ session: 3 }),
      aTick({ session: 3, receivedTimeMs: noonMs + 100 }),
      aHeartbeat({ session: 3, timeMs: noonMs + 250, lastDataMs: noonMs + 100 }),
      aTick({ session: 3, symbol: 'ETH/BTC', receivedTimeMs: noonMs + 200_000 }),
    ];
    const killed = await logOf(...records, aHeartbeat({ session: 3, timeMs: noonMs + 250, lastDataMs: noonMs + 200_000 }));
    expect(await findLastSession(killed, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs + 100 });
    const goneOn = await logOf(...records, aHeartbeat({ session: 3, timeMs: noonMs + 200_250, lastDataMs: noonMs + 200_000 }));
    expect(await findLastSession(goneOn, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs + 200_000 });
  });

  it('ended when it began where all its prices had waited', async () => {
    const log = await logOf(
      aSession({ session: 3, timeMs: noonMs }),
      aHeartbeat({ session: 3, timeMs: noonMs + 250 }),
      aTick({ session: 3, receivedTimeMs: noonMs + 200_000 }),
    );
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs });
  });

  it('is known by the last heartbeat, which many prices may stand behind', async () => {
    const waited = Array.from({ length: 6_000 }, (_, index) => aTick({ sequence: index + 2, receivedTimeMs: noonMs + 200_000 + index }));
    const log = new MemoryLog(1);
    const records = [aSession(), aTick({ receivedTimeMs: noonMs + 100 }), aHeartbeat({ timeMs: noonMs + 250, lastDataMs: noonMs + 100 })];
    await log.append([...records, ...waited].flatMap(record => logEntries(record, 1)));
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 1, lastDataMs: noonMs + 100 });
  });

  it('ended when it began if it had no price', async () => {
    const log = await logOf(
      aTick({ session: 2, receivedTimeMs: noonMs - 5_000 }),
      aSession({ session: 3, timeMs: noonMs }),
      aHeartbeat({ session: 3, timeMs: noonMs + 250 }),
    );
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 3, lastDataMs: noonMs });
  });

  it('is found behind many records of another feed, in steps that grow', async () => {
    const others = Array.from({ length: 6_000 }, (_, index) => aTick({ feed: 'finnhub/0', symbol: 'BTC/USD', sequence: index + 1 }));
    const log = await logOf(aSession({ session: 5 }), aHeartbeat({ session: 5, lastDataMs: noonMs + 7 }), ...others);
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 5, lastDataMs: noonMs + 7 });
    const steps = log.reads.filter(read => read.partition === 1).map(read => [read.fromOffset, read.toOffset]);
    expect(steps).toEqual([
      [5_002, 6_002],
      [1_002, 5_002],
      [0, 1_002],
    ]);
  });

  it('is found behind days of another feed, in steps that grow no longer than can be held in memory', async () => {
    const log = await logOf(aSession({ session: 5 }), aHeartbeat({ session: 5, lastDataMs: noonMs + 7 }));
    // Offsets without a record stand for the other feed.
    log.offsets = async () => [{ partition: 0, lowOffset: 0, highWatermark: 150_000 }];
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 5, lastDataMs: noonMs + 7 });
    const steps = log.reads.map(({ fromOffset, toOffset = 0 }) => toOffset - fromOffset);
    expect(steps).toEqual([1_000, 4_000, 16_000, 64_000, 64_000, 1_000]);
  });

  it('passes over what is no record', async () => {
    const log = await logOf(aSession({ session: 5 }), aHeartbeat({ session: 5, lastDataMs: noonMs }));
    await log.append([{ topic: 'market-data.feed', partition: 0, value: Buffer.from('torn') }]);
    expect(await findLastSession(log, 'twelve-data/0')).toMatchObject({ session: 5, lastDataMs: noonMs });
  });
});
