/** A simulator that sends much, and an ingester with small buffers that reads it into a log that can be slow. */
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { eventually } from '../../../test/support/eventually.ts';
import { type Ingester, type IngesterState, runIngester } from '../../src/ingester.ts';
import { type TwelveDataFeedOptions, twelveDataFeed } from '../../src/twelve-data/twelve-data-feed.ts';
import { aLogger, type LogLines } from './logger.ts';
import { SlowLog } from './slow-log.ts';

export const ticksPerSecond = 3_000;
/** Of the feed's queue and of the writer's buffer, each. */
export const bufferedEvents = 2_000;

/** With the lines of the log that say so. */
export const said = { begins: 'the feed sends more', spent: 'the feed was held back', ends: 'the feed is read as it comes again' } as const;

export class PressedIngester {
  readonly log = new SlowLog(1);
  readonly registry = new Registry();
  readonly stop = new AbortController();
  readonly simulator: Simulator;
  readonly ingester: Ingester;
  readonly lines: LogLines;
  readonly #records: FeedRecord[] = [];
  /** Entries of the log that are decoded. */
  #decoded = 0;

  private constructor(simulator: Simulator, options: Partial<TwelveDataFeedOptions>, isInPlace: boolean) {
    const { logger, lines } = aLogger();
    const { log, registry, stop } = this;
    this.simulator = simulator;
    this.lines = lines;
    this.ingester = runIngester({
      feed: 'twelve-data/0',
      log,
      logger,
      registry,
      signal: stop.signal,
      maxBufferedEvents: bufferedEvents,
      flushDeadlineMs: 500,
      openFeed: (lastSession, signal, _firstSession, partitions) =>
        twelveDataFeed({
          url: simulator.url,
          symbols: ['BTC/USD', 'ETH/USD'],
          clock: Date.now,
          feedClock: false,
          logger,
          registry,
          signal,
          lastSession,
          maxQueuedEvents: bufferedEvents,
          random: () => 0.2,
          ...(isInPlace ? { partitions } : {}),
          ...options,
        }),
    });
  }

  /** @param isInPlace whether everyday prices are taken out of the stream before the library reads it */
  static async start(options: Partial<TwelveDataFeedOptions> = {}, isInPlace = true): Promise<PressedIngester> {
    const instruments = ['BTC/USD', 'ETH/USD'];
    const simulator = await startSimulator({ seed: 7, logger: aLogger().logger, market: { instruments, ticksPerSecond } });
    return new PressedIngester(simulator, options, isInPlace);
  }

  get records(): readonly FeedRecord[] {
    const { entries } = this.log;
    for (; this.#decoded < entries.length; this.#decoded += 1) {
      const entry = entries[this.#decoded];
      if (entry?.topic === feedTopic.name) this.#records.push(decodeRecord(entry.value));
    }
    return this.#records;
  }

  /** Prices that the simulator sent, on all connections. */
  get sent(): number {
    return this.simulator.connections.reduce((sum, { pricesSent }) => sum + pricesSent, 0);
  }

  says(text: string): boolean {
    return this.lines.some(({ msg }) => String(msg).startsWith(text));
  }

  async metric(name: string): Promise<number> {
    const text = await this.registry.metrics();
    return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async until(what: string, isTrue: () => boolean): Promise<void> {
    await eventually(what, isTrue, 40_000);
  }

  /** Ends it with what it still writes. */
  async end(): Promise<IngesterState> {
    this.stop.abort();
    this.log.recordsPerSecond = Number.POSITIVE_INFINITY;
    this.log.resume();
    const state = await this.ingester.finished;
    await this.simulator.close();
    return state;
  }
}
