import { describe, expect, it } from '@jest/globals';
import type { FeedRecord } from '@tapeline/core/records';
import { wasSimulated } from '../src/last-market.ts';
import { logEntries } from '../src/log-entries.ts';
import { aHeartbeat, aSession, aTick } from './support/events.ts';
import { MemoryLog } from './support/memory-log.ts';

const feed = 'twelve-data/0';

/** A log of one partition. */
async function logOf(records: readonly FeedRecord[]): Promise<MemoryLog> {
  const log = new MemoryLog(1);
  await log.append(records.flatMap(record => logEntries(record, 1)));
  return log;
}

function heartbeats(session: number, count: number, name = feed): FeedRecord[] {
  return Array.from({ length: count }, () => aHeartbeat({ session, feed: name }));
}

describe('the market of a session in the log', () => {
  it('is told by the record that began it, however far back that stands, by few reads', async () => {
    const before = [aSession({ session: 3 }), ...heartbeats(3, 15_000), aSession({ session: 4, simulated: true })];
    const log = await logOf([...before, ...heartbeats(4, 50_000)]);
    expect(await wasSimulated(log, feed, 4)).toBe(true);
    expect(await wasSimulated(log, feed, 3)).toBe(false);
    expect(log.reads.length).toBeLessThan(12);
    const whole = log.reads.filter(({ fromOffset, toOffset = 0 }) => toOffset - fromOffset > 8_000 && fromOffset === 0);
    expect(whole).toEqual([]);
  });

  it('is found wherever its begin stands, also at the edges of what is halved', async () => {
    for (const length of [0, 7_999, 8_000, 16_001]) {
      for (const behind of [0, 8_000]) {
        const begin = aSession({ session: 2, simulated: true });
        const log = await logOf([...heartbeats(1, length), begin, ...heartbeats(2, behind)]);
        expect([length, behind, await wasSimulated(log, feed, 2)]).toEqual([length, behind, true]);
      }
    }
  }, 60_000);

  it('is found behind, before and between what other feeds wrote alone', async () => {
    const others = heartbeats(9, 20_000, 'finnhub/0');
    const own = [aSession({ session: 2, simulated: true }), aTick({ session: 2 }), ...heartbeats(2, 3)];
    expect(await wasSimulated(await logOf([...others, ...own]), feed, 2)).toBe(true);
    expect(await wasSimulated(await logOf([...own, ...others]), feed, 2)).toBe(true);
    expect(await wasSimulated(await logOf([...others, ...own, ...others]), feed, 2)).toBe(true);
  }, 60_000);

  it('is not known where the log has forgotten the begin, or never knew the session', async () => {
    expect(await wasSimulated(await logOf(heartbeats(4, 20_000)), feed, 4)).toBeUndefined();
    expect(await wasSimulated(await logOf([]), feed, 4)).toBeUndefined();
  });
});
