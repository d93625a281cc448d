import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import type { FeedRecord } from '@tapeline/core/records';
import { topics } from '@tapeline/core/topics';
import type { ConfiguredFeed } from '@tapeline/ingestion/configured-feed';
import { runIngesters } from '@tapeline/ingestion/ingesters';
import { logEntries } from '@tapeline/ingestion/log-entries';
import { twelveDataFeed } from '@tapeline/ingestion/twelve-data/twelve-data-feed';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { aHeartbeat, aSession, aTick } from '../../ingestion/test/support/events.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { foldedLog, recordsOfPartition } from './support/folded-log.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

let log: MarketLog;
beforeEach(async () => {
  log = await openEmbeddedLog({ directory: temporaryFolder('vendors'), logger });
  await log.ensureTopics(topics.map(topic => ({ ...topic, partitions: 1 })));
});
afterEach(() => log.close());

const ticks = async () => (await recordsOfPartition(log, 0)).filter(record => record.kind === 'tick');

/** Runs a feed until it has had a price, then stops it in order. */
async function run(feed: ConfiguredFeed): Promise<void> {
  const stop = new AbortController();
  const { finished } = runIngesters({ feeds: [feed], log, logger, registry: new Registry(), signal: stop.signal });
  await eventually('a price', async () => (await ticks()).some(tick => tick.feed === feed.feed));
  stop.abort();
  await finished;
}

/** Another vendor, with one price of the same symbol. */
const otherVendor = (startMs: number): ConfiguredFeed => ({
  feed: 'finnhub/0',
  openFeed: async function* (): AsyncGenerator<FeedRecord, void, undefined> {
    yield aSession({ feed: 'finnhub/0', timeMs: startMs });
    yield aTick({ feed: 'finnhub/0', timeMs: startMs + 1, receivedTimeMs: startMs + 1 });
  },
});

describe('another vendor that takes a symbol over', () => {
  it('begins with a gap from the last price on, also right after the former one was stopped', async () => {
    const simulator = await startSimulator({ seed: 5, logger, market: { instruments: ['BTC/USD'], ticksPerSecond: 50 } });
    const { url } = simulator;
    await run({
      feed: 'twelve-data/0',
      openFeed: (_, signal) =>
        twelveDataFeed({ url, symbols: ['BTC/USD'], clock: Date.now, feedClock: false, logger, registry: new Registry(), signal }),
    });
    await simulator.close();
    const lastMs = (await ticks()).at(-1)?.receivedTimeMs ?? 0;
    await run(otherVendor(lastMs + 2_000));
    expect((await foldedLog(log)).gaps).toMatchObject([{ symbol: 'BTC/USD', fromMs: lastMs, toMs: lastMs + 2_000 }]);
  });

  it('begins with a gap from the last price on where the former one was killed, once that is long ago', async () => {
    const killedMs = Date.now() - 600_000;
    const killed = [
      aSession({ timeMs: killedMs - 1_000 }),
      aTick({ timeMs: killedMs, receivedTimeMs: killedMs }),
      aHeartbeat({ timeMs: killedMs + 250, lastDataMs: killedMs }),
    ];
    await log.append(killed.flatMap(record => logEntries(record, 1)));
    await run(otherVendor(Date.now()));
    const [gap, ...more] = (await foldedLog(log)).gaps;
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ symbol: 'BTC/USD', fromMs: killedMs });
    expect(gap?.toMs).toBeGreaterThan(killedMs + 590_000);
  });
});
