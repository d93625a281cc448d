/** A whole market for tests: embedded log, SQLite store, stream processor and live market, in a folder of its own. */
import { intervals } from '@tapeline/core/intervals';
import { alertsTopic, barsTopic, deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { runStreamProcessor } from '@tapeline/stream-processing/stream-processor';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { eventually } from '../../../test/support/eventually.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { type LiveBoard, type LiveBoardOptions, startLiveBoard } from '../../src/live-board.ts';
import { type LiveMarket, type LiveMarketOptions, openLiveMarket } from '../../src/live-market.ts';
import { MarketFeed } from './market-feed.ts';

const partitions = 2;
export const group = 'stream-processor';
export const foldOptions = { intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 } as const;

export interface RunningMarket {
  /** `DATA_DIR` of its log and store. */
  readonly directory: string;
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly feed: MarketFeed;
  readonly market: LiveMarket;
  /** Stops this live market and starts another, as a new process would. */
  restartMarket(options?: Partial<LiveMarketOptions>): Promise<LiveMarket>;
  /** Starts a processor; stopping it saves its snapshots. */
  startProcessor(): { stop(): Promise<void> };
  /** Lets a processor store what is in the log. */
  storeAll(): Promise<void>;
  startBoard(options?: Partial<LiveBoardOptions>): Promise<LiveBoard>;
  close(): Promise<void>;
}

export async function startMarket(options: { readonly now?: () => number; readonly logger?: Logger } = {}): Promise<RunningMarket> {
  const directory = temporaryFolder('live-board');
  const logger = options.logger ?? pino({ level: 'silent' });
  const log = await openEmbeddedLog({ directory, logger });
  await log.ensureTopics([
    { name: feedTopic.name, partitions },
    { name: barsTopic.name, partitions },
    { name: alertsTopic.name, partitions: 1 },
    { name: deadLetterTopic.name, partitions: 1 },
  ]);
  const store = openSqliteStore({ dataDir: directory, logger, registry: new Registry() });
  await store.migrate();
  const closers: (() => Promise<void>)[] = [];
  let opened = openMarket();

  function openMarket(more: Partial<LiveMarketOptions> = {}): { market: LiveMarket; stop(): Promise<void> } {
    const stopping = new AbortController();
    const market = openLiveMarket({
      log,
      store,
      group,
      foldOptions,
      logger,
      registry: new Registry(),
      signal: stopping.signal,
      now: options.now,
      ...more,
    });
    const stop = async () => {
      stopping.abort();
      await market.closed;
    };
    return { market, stop };
  }

  const running: RunningMarket = {
    directory,
    log,
    store,
    feed: new MarketFeed(log, partitions),
    get market() {
      return opened.market;
    },
    async restartMarket(more) {
      await opened.stop();
      opened = openMarket(more);
      return opened.market;
    },
    startProcessor() {
      const stopping = new AbortController();
      const done = runStreamProcessor({
        log,
        store,
        group,
        ...foldOptions,
        snapshotIntervalMs: 10_000,
        signal: stopping.signal,
        registry: new Registry(),
        logger,
      });
      const stop = async () => {
        stopping.abort();
        await done;
      };
      closers.push(stop);
      return { stop };
    },
    async storeAll() {
      const ends = await log.offsets(feedTopic.name);
      const processor = running.startProcessor();
      await eventually('the log is stored', async () => {
        const saved = await Promise.all(
          ends.map(({ partition }) => store.loadSnapshot({ consumerGroup: group, topic: feedTopic.name, partition })),
        );
        return saved.every((snapshot, index) => (snapshot?.nextOffset ?? 0) >= (ends[index]?.highWatermark ?? 0));
      }).finally(() => processor.stop());
    },
    async startBoard(more) {
      const probes = {
        livez: () => ({ status: 200, type: 'text/plain', body: 'ok\n' }),
        readyz: () => ({ status: 503, type: 'text/plain', body: 'log: not there\n' }),
        metrics: async () => ({ status: 200, type: 'text/plain', body: 'metric 1\n' }),
      };
      const { market } = opened;
      const board = await startLiveBoard({
        host: '127.0.0.1',
        port: 0,
        market,
        store,
        probes,
        logger,
        registry: new Registry(),
        now: options.now,
        ...more,
      });
      closers.push(() => board.close());
      return board;
    },
    async close() {
      for (const close of closers.toReversed()) await close();
      await opened.stop();
      await log.close();
      await store.close();
    },
  };
  return running;
}
