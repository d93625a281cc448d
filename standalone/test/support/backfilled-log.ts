/** A log that a test wrote into, folded into a store by the processor, whose gaps the backfiller then fills from a vendor's REST API. */
import { join } from 'node:path';
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import { createLogger } from '@tapeline/core/logging';
import { feedTopic, topics } from '@tapeline/core/topics';
import { FileItems } from '@tapeline/database/file-items';
import type { Gap, MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { runBackfiller } from '@tapeline/ingestion/backfill/backfiller';
import { CreditBudget } from '@tapeline/ingestion/twelve-data/credit-budget';
import { RestClient } from '@tapeline/ingestion/twelve-data/rest-client';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { Append, MarketLog } from '@tapeline/log/market-log';
import { type RestSimulator, startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import type { BarSource } from '@tapeline/simulator/rest/seeded-bars';
import { runStreamProcessor } from '@tapeline/stream-processing/stream-processor';
import { Registry } from 'prom-client';
import { MemoryCreditStore } from '../../../ingestion/test/support/memory-credits.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';

export interface BackfillOptions {
  /** What the log holds, of 4 partitions. */
  readonly entries: readonly Append[];
  readonly symbols: readonly string[];
  readonly intervals: readonly Interval[];
  /** The vendor's bars. */
  readonly bars: BarSource;
  /** The feed's time at the end of the log: the time of the backfiller and of the vendor. */
  readonly nowMs: number;
  /** All windows until then are final when the log is folded, and every window that a gap touches is among them. */
  readonly overMs: number;
}

export interface Backfilled {
  /** That are over, of all symbols and intervals. */
  readonly bars: readonly Bar[];
  readonly gaps: readonly Gap[];
}

/** More than any fault holds a price back. */
const correctionHorizonMs = 1_800_000;
const allowedLatenessMs = 2_000;
const credits = 1_000_000;
const longestMs = 120_000;
const everything = { fromMs: 0, limit: 1_000_000 };

/** Resolves when every gap is filled. @throws Error when one is not. */
export async function backfilled(options: BackfillOptions): Promise<Backfilled> {
  const folder = temporaryFolder('backfilled');
  const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
  const stop = new AbortController();
  const log = await openEmbeddedLog({ directory: folder, logger });
  const store = openSqliteStore({ dataDir: folder, logger, registry: new Registry() });
  const { bars, nowMs } = options;
  const limits = { creditsPerMinute: credits, creditsPerDay: credits };
  const rest = await startRestSimulator({ seed: 1, bars, clock: () => nowMs, ...limits });
  const running: Promise<void>[] = [];
  try {
    await store.migrate();
    await written(log, options.entries);
    const shared = { log, store, logger, intervals: options.intervals, signal: stop.signal };
    const fold = { group: 'stream-processor', allowedLatenessMs, correctionHorizonMs, snapshotIntervalMs: 60_000, storeTicks: false };
    running.push(runStreamProcessor({ ...shared, ...fold, registry: new Registry() }));
    await during(running, isFolded(store, options));
    const settleMs = allowedLatenessMs + correctionHorizonMs + 1_000;
    const client = clientOf(rest, nowMs);
    running.push(
      runBackfiller({
        ...shared,
        client,
        jobs: new FileItems(join(folder, 'jobs')),
        notes: new FileItems(join(folder, 'notes')),
        symbolsNow: () => options.symbols,
        tolerance: { price: 0, volume: 0 },
        settleMs,
        lookIntervalMs: 100,
        clock: () => nowMs,
        registry: new Registry(),
      }),
    );
    await during(running, isFilled(store, options));
    return { bars: await storedBars(store, options), gaps: await gapsOf(store, options) };
  } finally {
    stop.abort();
    await Promise.allSettled(running);
    await rest.close();
    await store.close();
    await log.close();
  }
}

async function written(log: MarketLog, entries: readonly Append[]): Promise<void> {
  await log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? 4 })));
  const ofFeed = entries.filter(({ topic }) => topic === feedTopic.name);
  for (let at = 0; at < ofFeed.length; at += 1_000) await log.append(ofFeed.slice(at, at + 1_000));
}

function clientOf({ url }: RestSimulator, nowMs: number): RestClient {
  const registry = new Registry();
  const limits = { creditsPerMinute: credits, creditsPerDay: credits };
  const budget = new CreditBudget({ store: new MemoryCreditStore(), registry, clock: () => nowMs, ...limits });
  return new RestClient({ url, apiKey: 'key-1', budget, registry });
}

/** What runs meanwhile must not end. */
async function during<T>(running: readonly Promise<void>[], awaited: Promise<T>): Promise<T> {
  const ended = running.map(async each => {
    await each;
    throw new Error('it ended before it was to');
  });
  return Promise.race([awaited, ...ended]);
}

/** A partition is folded in its order: with the last bar that is over all gaps before it are there. */
async function isFolded(store: MarketStore, { symbols, overMs }: BackfillOptions): Promise<void> {
  const minuteMs = 60_000;
  const last = { fromMs: overMs - 10 * minuteMs, toMs: overMs };
  await eventually(
    'the last bars of each symbol',
    async () => {
      const bars = await Promise.all(symbols.map(symbol => store.bars({ symbol, interval: '1m', ...last })));
      return bars.every(each => each.length > 0);
    },
    longestMs,
  );
}

async function isFilled(store: MarketStore, options: BackfillOptions): Promise<void> {
  let left: readonly Gap[] = [];
  await eventually(
    'every gap is filled',
    async () => {
      left = (await gapsOf(store, options)).filter(({ filled }) => !filled);
      return left.length === 0;
    },
    longestMs,
  ).catch(error => {
    throw new Error(`${left.length} gaps are left, the first is ${JSON.stringify(left[0])}`, { cause: error });
  });
}

async function gapsOf(store: MarketStore, { nowMs }: BackfillOptions): Promise<readonly Gap[]> {
  return store.gaps({ ...everything, toMs: nowMs });
}

async function storedBars(store: MarketStore, { symbols, intervals, overMs }: BackfillOptions): Promise<readonly Bar[]> {
  const queries = symbols.flatMap(symbol => intervals.map(interval => store.bars({ symbol, interval, ...everything, toMs: overMs })));
  return (await Promise.all(queries)).flat().filter(({ endMs }) => endMs <= overMs);
}
