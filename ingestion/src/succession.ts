/**
 * This file notices that another ingester has taken a feed over. The log then has sessions of it above ours, and the fold refuses all that we say; our
 * vendor goes on as if nothing had happened, and without a Lease nobody else tells.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { newestRecords, recordOfFeed, shortestFirst } from './last-session.ts';

export interface SuccessionOptions {
  readonly log: Pick<MarketLog, 'offsets' | 'read'>;
  /** Source and shard, as in `twelve-data/0`. */
  readonly feed: string;
  /** Of this process; it rises before the log hears of it. */
  readonly session: () => number | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** @default 10,000 */
  readonly lookEveryMs?: number | undefined;
}

/** Heartbeats, four a second, stand in every partition; in the quietest nobody writes more than so many between two of them. */
const recentRecords = 2_000;

export class Succession {
  readonly #options: SuccessionOptions;
  readonly #superseded;
  /** The highest session of another ingester that was ever above ours. */
  #rival: number | undefined;
  #isSuperseded = false;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#superseded = metricOf(options.registry, 'tapeline_ingester_superseded');
    this.#superseded.set({ feed: options.feed }, 0);
  }

  /** Who took over; `undefined` while nobody did. */
  get problem(): string | undefined {
    if (!this.#isSuperseded) return undefined;
    const { feed, session } = this.#options;
    return `another ingester has taken ${feed} over (the log has its session ${this.#rival}, ours is ${session()}), so our prices are refused`;
  }

  /** Looks until the signal aborts; never rejects. A log that is away may keep a look for longer: nobody has to wait for it. */
  async watch(): Promise<void> {
    const { signal, lookEveryMs = 10_000, logger } = this.#options;
    // It keeps no process alive.
    const pause = () => sleep(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
    await pause();
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) =>
        logger.debug({ reason: reasonOf(error) }, 'the log could not be asked for later sessions'),
      );
      await pause();
    }
  }

  async #look(): Promise<void> {
    const { feed, session, signal } = this.#options;
    const newest = await this.#newestSession();
    const ours = session();
    if (ours === undefined || signal.aborted) return;
    if (newest > ours) this.#rival = Math.max(newest, this.#rival ?? 0);
    // After a reconnect our session may have the number of the other one's: the log heard that one first.
    const isSuperseded = this.#rival !== undefined && this.#rival >= ours;
    if (isSuperseded !== this.#isSuperseded) this.#became(isSuperseded, ours);
    this.#superseded.set({ feed }, isSuperseded ? 1 : 0);
  }

  /** The highest session of the feed at the log's end; 0 where nobody spoke. */
  async #newestSession(): Promise<number> {
    const { log, feed, signal } = this.#options;
    const [quietest] = await shortestFirst(log);
    if (quietest === undefined) return 0;
    let newest = 0;
    for await (const { key, value } of newestRecords(log, quietest, recentRecords, signal)) {
      // What is told to every partition has no key.
      const record = key === undefined ? recordOfFeed(value, feed) : undefined;
      newest = Math.max(newest, record?.session ?? 0);
    }
    return newest;
  }

  #became(isSuperseded: boolean, session: number): void {
    const { feed, logger } = this.#options;
    this.#isSuperseded = isSuperseded;
    const facts = { feed, session, other: this.#rival };
    if (isSuperseded) logger.error(facts, `${this.problem}: end one of the two, then restart the one that stays`);
    else logger.info(facts, `session ${session} of ${feed} is the newest again: our prices count`);
  }
}
