/**
 * This file notices that another ingester has taken a feed over. The log then has sessions of it above ours, and the fold refuses all that we say; our
 * vendor goes on as if nothing had happened, and without a Lease nobody else tells. The feed is taken back, by a session above the log's, when the other
 * one is heard no more, and when both have the same number: the fold would take the prices of both.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { newestRecords, type RecordOfFeed, recordOfFeed, shortestFirst } from './last-session.ts';

/** The newest session of this process. */
export interface OwnSession {
  readonly number: number;
  /** `timeMs` of its first record. */
  readonly beganMs: number;
}

export interface SuccessionOptions {
  readonly log: Pick<MarketLog, 'offsets' | 'read'>;
  /** Source and shard, as in `twelve-data/0`. */
  readonly feed: string;
  /** Known before the log hears of it. */
  readonly session: () => OwnSession | undefined;
  /** Has the next session of this process begin, above all that the log has. */
  readonly takeBack: () => void;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** @default 10,000 */
  readonly lookEveryMs?: number | undefined;
}

/** Heartbeats, four a second, stand in every partition; in the quietest nobody writes more than so many between two of them. */
const recentRecords = 2_000;
/** The first look comes so soon: until then the fold takes the prices of two that began at the same moment with one number. */
const firstLookMs = 2_000;
/** So many records of ours behind the last one of another ingester, and it says nothing at present: both say four heartbeats a second. */
const silentRecords = 20;
/** So many looks in a row, and it has ended: one that holds its vendor back says nothing for half a minute. */
const silentLooks = 6;

export class Succession {
  readonly #options: SuccessionOptions;
  readonly #superseded;
  /** The highest session of another ingester that was ever above ours. */
  #rival: number | undefined;
  #isSuperseded = false;
  #hasLooked = false;
  #silentLooks = 0;
  /** Our session when the feed was last taken back: the next one takes its time to begin. */
  #former: number | undefined;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#superseded = metricOf(options.registry, 'tapeline_ingester_superseded');
    this.#superseded.set({ feed: options.feed }, 0);
  }

  /** Who took over; `undefined` while nobody did. */
  get problem(): string | undefined {
    if (!this.#isSuperseded) return undefined;
    const { feed, session } = this.#options;
    return `another ingester has taken ${feed} over (the log has its session ${this.#rival}, ours is ${session()?.number}), so our prices are refused`;
  }

  /** Looks until the signal aborts; never rejects. A log that is away may keep a look for longer: nobody has to wait for it. */
  async watch(): Promise<void> {
    const { signal, lookEveryMs = 10_000, logger } = this.#options;
    // It keeps no process alive.
    const pause = () => {
      const ms = this.#hasLooked ? lookEveryMs : Math.min(lookEveryMs, firstLookMs);
      return sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
    };
    await pause();
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) =>
        logger.debug({ reason: reasonOf(error) }, 'the log could not be asked for later sessions'),
      );
      await pause();
    }
  }

  async #look(): Promise<void> {
    const { feed, session, signal, logger, takeBack } = this.#options;
    if (session() === undefined) return;
    const records = await this.#newestOfFeed();
    const ours = session();
    if (ours === undefined || signal.aborted) return;
    this.#hasLooked = true;
    const newest = records.reduce((highest, record) => Math.max(highest, record.session), 0);
    if (newest > ours.number) this.#rival = Math.max(newest, this.#rival ?? 0);
    const isSuperseded = this.#rival !== undefined && this.#rival >= ours.number;
    if (isSuperseded !== this.#isSuperseded) this.#became(isSuperseded, ours.number);
    this.#superseded.set({ feed }, isSuperseded ? 1 : 0);
    this.#silentLooks = isSuperseded && isOthersSilent(records, ours) ? this.#silentLooks + 1 : 0;
    const isShared = this.#isShared(records, ours);
    if (this.#former === ours.number || (this.#silentLooks < silentLooks && !isShared)) return;
    this.#former = ours.number;
    const why = isShared ? `another ingester has a session ${ours.number} of it, too` : 'the other ingester is heard no more';
    logger.warn({ feed, session: ours.number }, `taking ${feed} back, by a session above all others: ${why}`);
    takeBack();
  }

  /** Two that began at the same moment, or a reconnect of ours, gave the number twice: the one that told it later takes another. */
  #isShared(records: readonly RecordOfFeed[], { number, beganMs }: OwnSession): boolean {
    const isEarlier = (record: RecordOfFeed) => record.kind === 'session' && record.session === number && record.timeMs < beganMs;
    return this.#rival === number || records.some(isEarlier);
  }

  /** The feed's records at the log's end that are told to every partition, which have no key. */
  async #newestOfFeed(): Promise<readonly RecordOfFeed[]> {
    const { log, feed, signal } = this.#options;
    const [quietest] = await shortestFirst(log);
    const found: RecordOfFeed[] = [];
    if (quietest === undefined) return found;
    for await (const { key, value } of newestRecords(log, quietest, recentRecords, signal)) {
      const record = key === undefined ? recordOfFeed(value, feed) : undefined;
      if (record !== undefined) found.push(record);
    }
    return found;
  }

  #became(isSuperseded: boolean, session: number): void {
    const { feed, logger } = this.#options;
    this.#isSuperseded = isSuperseded;
    const facts = { feed, session, other: this.#rival };
    if (isSuperseded)
      logger.error(facts, `${this.problem}: end one of the two; this one takes the feed back when it has not heard the other for a minute`);
    else logger.info(facts, `session ${session} of ${feed} is the newest again: our prices count`);
  }
}

function isOthersSilent(records: readonly RecordOfFeed[], { number }: OwnSession): boolean {
  const behind = records.slice(records.findLastIndex(({ session }) => session > number) + 1);
  return behind.length >= silentRecords;
}
