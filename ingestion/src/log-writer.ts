/**
 * Writes feed events into the log, in order, with one append in flight that takes all that waits. When the log is slow or away
 * the buffer fills, then ticks are dropped, counted, and told of by a gap record as soon as the log takes records again.
 */
import { BackOff } from '@tapeline/core/back-off';
import { counted } from '@tapeline/core/counted';
import { deadLetter } from '@tapeline/core/dead-letters';
import { hasCode, isPassing, PipelineError, reasonOf } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { pause } from '@tapeline/core/pause';
import { feedTopic } from '@tapeline/core/topics';
import type { Append, MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { EventBuffer } from './event-buffer.ts';
import type { FeedEvent, PlainEvent } from './feed.ts';
import { logEntries } from './log-entries.ts';
import { packedBlocks } from './packed-events.ts';
import { countOf, TickCounters, type TickTotals } from './tick-counters.ts';

export interface LogWriterOptions {
  readonly log: MarketLog;
  /** Source and shard whose losses the gap records tell of. */
  readonly feed: string;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Events that wait at most. @default 200,000 */
  readonly limitEvents?: number;
  /** Memory that they may hold, roughly. @default 128 MiB */
  readonly limitBytes?: number;
  /** Events in one append at most, each tick of a run counted. @default 4,000 */
  readonly batchEvents?: number;
  /** A log that has not answered for so long is a problem. @default 10,000 */
  readonly patienceMs?: number;
  /** From 0 to 1, for the jitter. @default Math.random */
  readonly random?: () => number;
}

/** How often an unavailable log is complained about. */
const complainMs = 10_000;

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #buffer: EventBuffer;
  readonly #counters: TickCounters;
  readonly #seconds;
  readonly #backOff: BackOff;
  /** Aborts when the deadline of {@link close} has passed. */
  readonly #giveUp = new AbortController();
  readonly #loop: Promise<void>;
  #wake: (() => void) | undefined;
  #hasRoom = Promise.withResolvers<void>();
  #isClosing = false;
  /** What the log refused for good. */
  #failure: { readonly error: unknown } | undefined;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  /** When the append under way was begun. */
  #begunMs: number | undefined;

  /** Starts writing at once; `market-data.feed` and `market-data.dead-letter` must exist. */
  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#counters = new TickCounters(options.registry);
    this.#seconds = metricOf(options.registry, 'tapeline_ingester_append_duration_seconds');
    this.#buffer = new EventBuffer({
      feed: options.feed,
      reason: 'log unavailable',
      limitEvents: options.limitEvents ?? 200_000,
      limitBytes: options.limitBytes ?? 128 * 1024 * 1024,
      dropped: event => {
        // A run has grown since it entered.
        if (event.kind === 'ticks') this.#counters.entered(event);
        this.#counters.dropped(countOf(event));
      },
    });
    this.#backOff = new BackOff({ baseMs: 100, capMs: 5_000, random: options.random });
    this.#loop = this.#run();
    this.#loop.catch((error: unknown) => {
      this.#failure = { error };
      this.#hasRoom.resolve();
    });
  }

  /** Where every price went so far. */
  get totals(): TickTotals {
    return this.#counters.totals;
  }

  /** Rejects with what the log refused for good. */
  get failed(): Promise<never> {
    return this.#loop.then(() => new Promise<never>(() => {}));
  }

  /** What keeps it from writing: a log that is away answers nothing, for as long as it takes. */
  get problem(): string | undefined {
    const waitedMs = this.#begunMs === undefined ? 0 : performance.now() - this.#begunMs;
    if (waitedMs < (this.#options.patienceMs ?? 10_000)) return undefined;
    return `the log has taken nothing for ${Math.round(waitedMs / 1_000)} s: ${counted(this.totals.buffered, 'record waits', 'records wait')}`;
  }

  /** Takes an event in; drops ticks, with account, when the buffer is full. */
  write(event: FeedEvent): void {
    this.#counters.entered(event);
    this.#buffer.push(event);
    this.#wake?.();
  }

  /** False when what is written next would be dropped. */
  get hasRoom(): boolean {
    return !this.#buffer.isFull && !this.#buffer.isLosing;
  }

  /** Resolves when there is room, or the signal aborts. Rejects as `failed` does. */
  async room(signal: AbortSignal): Promise<void> {
    while (!this.hasRoom && !signal.aborted) {
      if (this.#failure) throw this.#failure.error;
      await unlessAborted(this.#hasRoom.promise, signal);
    }
  }

  /**
   * Writes out what waits, at most until the deadline. What is left then is counted as lost and said.
   * @throws what the log refused for good.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    const timer = setTimeout(() => this.#giveUp.abort(), deadlineMs);
    try {
      await this.#loop;
    } finally {
      clearTimeout(timer);
      this.#countLeft();
    }
  }

  async #run(): Promise<void> {
    const partitions = await this.#untilDone(() => this.#options.log.partitionCount(feedTopic.name));
    while (partitions !== undefined && !this.#giveUp.signal.aborted) {
      const events = this.#buffer.take(this.#options.batchEvents ?? 4_000);
      this.#hasRoom.resolve();
      this.#hasRoom = Promise.withResolvers();
      if (events.length > 0) await this.#append(events, partitions);
      else if (this.#isClosing) return;
      else await this.#news();
    }
  }

  async #append(events: readonly FeedEvent[], partitions: number): Promise<void> {
    const attempt = this.#appendOf(events, partitions);
    const stop = this.#seconds.startTimer();
    this.#begunMs = performance.now();
    const isDone = await this.#untilDone(async () => {
      await attempt();
      return true;
    });
    this.#begunMs = undefined;
    stop();
    if (!isDone) return this.#counters.dropped(events.reduce((sum, event) => sum + countOf(event), 0));
    for (const event of events) {
      this.#counters.written(event);
      if (event.kind === 'ticks') event.release();
    }
  }

  /** How these events are appended, as often as it takes. */
  #appendOf(events: readonly FeedEvent[], partitions: number): () => Promise<void> {
    const { log } = this.#options;
    const plain = events.filter(event => event.kind !== 'ticks');
    if (plain.length === events.length) {
      const entries = plain.flatMap(event => this.#entriesOf(event, partitions));
      return () => log.append(entries);
    }
    for (const event of events) {
      if (event.kind !== 'ticks') continue;
      event.seal();
      this.#counters.entered(event);
    }
    const blocks = packedBlocks(events, event => this.#entriesOf(event, partitions));
    return () => log.appendBlocks(blocks);
  }

  /** A record that its own schema refuses must not stop the others. */
  #entriesOf(event: PlainEvent, partitions: number): readonly Append[] {
    try {
      return logEntries(event, partitions);
    } catch (error) {
      if (!hasCode(error, 'record.invalid')) throw error;
      this.#options.logger.error(
        { kind: event.kind, detail: error.message },
        'record refused by its own schema: it goes to the dead-letter topic',
      );
      const letter = { reason: 'malformed', detail: error.message, origin: 'ingester', timeMs: 0, value: JSON.stringify(event) } as const;
      return logEntries(deadLetter(letter), partitions);
    }
  }

  /** Tries until it works or the deadline has passed (`undefined`); throws what will not work however often it is tried. */
  async #untilDone<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#giveUp;
    while (!signal.aborted) {
      try {
        const result = await unlessAborted(attempt(), signal);
        if (result === undefined) return undefined;
        if (this.#saidAtMs > 0) this.#options.logger.info({ lost: this.totals.lost }, 'the log takes records again');
        this.#saidAtMs = Number.NEGATIVE_INFINITY;
        this.#backOff.succeeded();
        return result;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#complain(error);
        await pause(this.#backOff.nextMs(), signal);
      }
    }
    return undefined;
  }

  #complain(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#saidAtMs < complainMs) return;
    this.#saidAtMs = nowMs;
    const { buffered, lost } = this.totals;
    this.#options.logger.error(
      { code: error instanceof PipelineError ? error.code : undefined, buffered, lost },
      `the log takes no records: ${reasonOf(error)}; ${buffered} wait, still trying`,
    );
  }

  async #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  #countLeft(): void {
    const { buffered } = this.totals;
    if (buffered === 0) return;
    this.#counters.dropped(buffered);
    this.#options.logger.error(
      { lost: buffered },
      `stopped before the log took ${buffered} records: they are lost; the next session's gap covers them`,
    );
  }
}

/** What an attempt gives, or `undefined` as soon as the signal aborts; leaves nothing behind on the signal. */
async function unlessAborted<T>(attempt: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = () => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([attempt, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
