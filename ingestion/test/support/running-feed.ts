/** Reads a feed in the background and lets a test wait for what it gave. */
import type { DeadLetter } from '@tapeline/core/dead-letters';
import type { FeedRecord } from '@tapeline/core/records';
import { Registry } from 'prom-client';
import { eventually } from '../../../test/support/eventually.ts';
import type { Feed, FeedEvent } from '../../src/feed.ts';
import { type TwelveDataFeedOptions, twelveDataFeed } from '../../src/twelve-data/twelve-data-feed.ts';
import { aLogger, type LogLines } from './logger.ts';

type OfKind<Kind> = Extract<FeedRecord | DeadLetter, { readonly kind: Kind }>;

export class RunningFeed {
  readonly events: FeedEvent[] = [];
  readonly logLines: LogLines;
  readonly registry: Registry;
  /** What ended the reading; `undefined` for its normal end. */
  readonly done: Promise<unknown>;
  readonly #stop: AbortController;
  readonly #gate: Promise<void> | undefined;

  /** @param gate after its first event the feed is not read until this resolves. */
  constructor(feed: Feed, stop: AbortController, logLines: LogLines, registry: Registry, gate?: Promise<void>) {
    this.#stop = stop;
    this.#gate = gate;
    this.logLines = logLines;
    this.registry = registry;
    this.done = this.#read(feed).catch((error: unknown) => error);
  }

  of<Kind extends FeedEvent['kind']>(kind: Kind): OfKind<Kind>[] {
    return this.events.filter(event => event.kind === kind) as OfKind<Kind>[];
  }

  /** Waits until something is true of what was given. */
  async until(what: string, isTrue: (feed: RunningFeed) => boolean, deadlineMs?: number): Promise<void> {
    await eventually(what, () => isTrue(this), deadlineMs);
  }

  async stop(): Promise<unknown> {
    this.#stop.abort();
    return this.done;
  }

  async #read(feed: Feed): Promise<void> {
    for await (const event of feed) {
      this.events.push(event);
      await this.#gate;
    }
  }
}

/** Starts a TwelveData feed with bounds fit for a test. */
export function startFeed(options: Partial<TwelveDataFeedOptions> & { readonly url: string }, gate?: Promise<void>): RunningFeed {
  const stop = new AbortController();
  const { logger, lines } = aLogger();
  const registry = new Registry();
  const feed = twelveDataFeed({
    symbols: ['BTC/USD'],
    clock: Date.now,
    feedClock: false,
    random: () => 0.2,
    logger,
    registry,
    signal: stop.signal,
    ...options,
  });
  return new RunningFeed(feed, stop, lines, registry, gate);
}
