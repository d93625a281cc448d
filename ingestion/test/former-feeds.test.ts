import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { silenceFormerFeeds } from '../src/former-feeds.ts';
import { logEntries } from '../src/log-entries.ts';
import { aHeartbeat, aSession, aTick, noonMs } from './support/events.ts';
import { aLogger } from './support/logger.ts';
import { MemoryLog } from './support/memory-log.ts';

interface Begin {
  readonly feeds: readonly string[];
  /** What another process says a moment later. */
  readonly later?: FeedRecord;
}

/** What the log is told when these feeds begin. */
function toldBy(feeds: readonly string[], ...records: readonly FeedRecord[]): Promise<readonly FeedRecord[]> {
  return toldWhen({ feeds }, ...records);
}

async function toldWhen({ feeds, later }: Begin, ...records: readonly FeedRecord[]): Promise<readonly FeedRecord[]> {
  const log = new MemoryLog(4);
  await log.append(records.flatMap(record => logEntries(record, 4)));
  const before = log.entries.length;
  const { logger } = aLogger();
  const { signal } = new AbortController();
  const silenced = silenceFormerFeeds({ log, feeds, logger, signal, listenMs: 500 });
  const others = later === undefined ? [] : logEntries(later, 4);
  await pause(100, signal);
  await log.append(others);
  await silenced;
  const told = log.entries.slice(before + others.length);
  const values = (partition: number) => told.filter(entry => entry.partition === partition).map(({ value }) => value);
  for (const partition of [1, 2, 3]) expect(values(partition)).toEqual(values(0));
  return values(0).map(decodeRecord);
}

const killed = [
  aSession({ session: 3 }),
  aTick({ session: 3, receivedTimeMs: noonMs + 100 }),
  aHeartbeat({ session: 3, timeMs: noonMs + 250, lastDataMs: noonMs + 100 }),
];

describe('a feed that spoke before', () => {
  it('is disconnected since its last heartbeat where another vendor begins after it was killed', async () => {
    expect(await toldBy(['finnhub/0'], ...killed)).toEqual([
      aHeartbeat({ session: 3, timeMs: noonMs + 250, connected: false, lastDataMs: noonMs + 100 }),
    ]);
  });

  it('has the last price before a standstill as its last one where it was killed right after', async () => {
    const late = aTick({ session: 3, symbol: 'ETH/BTC', receivedTimeMs: noonMs + 200_000 });
    expect(await toldBy(['finnhub/0'], ...killed, late)).toEqual([
      aHeartbeat({ session: 3, timeMs: noonMs + 250, connected: false, lastDataMs: noonMs + 100 }),
    ]);
  });

  it('is left alone while it lives in a process of its own, or a standby takes it over', async () => {
    for (const later of [aHeartbeat({ session: 3, timeMs: noonMs + 500 }), aHeartbeat({ session: 3, connected: false })]) {
      expect(await toldWhen({ feeds: ['finnhub/0'], later }, ...killed)).toEqual([]);
    }
  });

  it('is known to live by a heartbeat that is told again as it was, as between two rounds of polls', async () => {
    const polled = killed.map(record => ({ ...record, feed: 'yahoo/0' }));
    const again = { ...aHeartbeat({ session: 3, timeMs: noonMs + 250, lastDataMs: noonMs + 100 }), feed: 'yahoo/0' };
    expect(await toldWhen({ feeds: ['finnhub/0'], later: again }, ...polled)).toEqual([]);
    expect(await toldBy(['finnhub/0'], ...polled)).toMatchObject([{ feed: 'yahoo/0', connected: false }]);
  });

  it('is told once to be disconnected, and not at all when it said so itself', async () => {
    expect(await toldBy(['finnhub/0'], ...killed, aHeartbeat({ session: 3, connected: false }))).toEqual([]);
  });

  it('is left alone when it goes on as before', async () => {
    expect(await toldBy(['twelve-data/0'], ...killed)).toEqual([]);
  });

  it('is disconnected at once when its source has other shards now', async () => {
    expect(await toldBy(['twelve-data/0', 'twelve-data/1'], ...killed)).toMatchObject([
      { feed: 'twelve-data/0', session: 3, connected: false, lastDataMs: noonMs + 100 },
    ]);
    const second = killed.map(record => ({ ...record, feed: 'twelve-data/1' }));
    expect(await toldBy(['twelve-data/0'], ...killed, ...second)).toMatchObject([
      { feed: 'twelve-data/0', connected: false },
      { feed: 'twelve-data/1', connected: false },
    ]);
  });
});
