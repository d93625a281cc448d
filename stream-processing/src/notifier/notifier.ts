/**
 * Sends what `market-data.alerts` says, one of all notifiers at a time: the member of the consumer group that owns the topic's one
 * partition. Each destination is an affair of its own, with its place in the topic and its memory, so one that is down holds up no other.
 */
import { BackOff } from '@tapeline/core/back-off';
import { isPassing, reasonOf } from '@tapeline/core/errors';
import { type Patience, patiently } from '@tapeline/core/patience';
import { pause } from '@tapeline/core/pause';
import { alertsTopic } from '@tapeline/core/topics';
import type { WorkCell, WorkItems } from '@tapeline/database/work-store';
import type { MarketLog, PartitionClaim, PartitionOffsets } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { isStillThere } from '../last-record.ts';
import { AlertStream, alertsPartition } from './alert-stream.ts';
import type { Destination } from './destination.ts';
import { noFence, takeFence } from './fence.ts';
import { type NotifierMetrics, notifierMetrics } from './notifier-metrics.ts';
import { Refusals } from './refusals.ts';
import { runSender, type SenderOptions, type SenderTiming } from './sender.ts';
import { SentMemory } from './sent-memory.ts';

export interface NotifierOptions {
  readonly log: MarketLog;
  /** Whole name of the topic of alerts, which the log knows by a shorter one where it has a prefix. */
  readonly topic: string;
  /** Consumer group: notifiers of one group take turns. */
  readonly group: string;
  readonly destinations: readonly Destination[];
  /** Queues by name, of these notifiers only. */
  readonly items: (queue: string) => WorkItems;
  /** Of these notifiers only; absent where only one process can have the items. */
  readonly cell?: WorkCell | undefined;
  readonly timing: SenderTiming;
  /** A message that is under way when the notifier stops may take so long. @default 3,000 */
  readonly graceMs?: number | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** Called each time that the group has said whether this one sends. */
  readonly onAssigned?: (() => void) | undefined;
  /** Called when it is no member of the group any more. */
  readonly onLost?: (() => void) | undefined;
}

/**
 * Runs until the signal aborts.
 * @throws what no waiting helps against: no right to the topic, a memory that cannot be read
 */
export async function runNotifier(options: NotifierOptions): Promise<void> {
  const { log, group, destinations, logger, signal, onAssigned, onLost } = options;
  const metrics = notifierMetrics(
    options.registry,
    destinations.map(({ name }) => name),
  );
  const backOff = new BackOff({ baseMs: 500, capMs: 10_000 });
  while (!signal.aborted) {
    try {
      for await (const claim of log.join({ topic: alertsTopic.name, group, signal, onAssigned, onLost })) {
        if (claim.partition === alertsPartition) await new Term(options, claim, metrics).run().finally(() => claim.release());
        else claim.release();
        backOff.succeeded();
      }
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      logger.warn({ code: error.code }, `${error.message}; trying again`);
      await backOff.wait(signal);
    }
  }
}

/** What the destinations share while one holds the fence. */
type Turn = Pick<SenderOptions, 'fence' | 'stopping' | 'over' | 'superseded'>;

/** While the partition is ours. */
class Term {
  readonly #options: NotifierOptions;
  readonly #claim: PartitionClaim;
  readonly #metrics: NotifierMetrics;
  /** How far each destination is. */
  readonly #offsets = new Map<Destination, number>();

  constructor(options: NotifierOptions, claim: PartitionClaim, metrics: NotifierMetrics) {
    this.#options = options;
    this.#claim = claim;
    this.#metrics = metrics;
  }

  async run(): Promise<void> {
    const { signal, logger, destinations } = this.#options;
    const { lost } = this.#claim;
    const backOff = new BackOff({ baseMs: 1_000, capMs: 10_000 });
    logger.info({ destinations: destinations.map(({ receiver }) => receiver) }, 'alerts are sent from here');
    this.#metrics.sender.set(1);
    try {
      // A second turn only where another notifier began and the group says that it is ours all the same.
      while (!signal.aborted && !lost.aborted) {
        await this.#send();
        if (!signal.aborted && !lost.aborted) await backOff.wait(AbortSignal.any([signal, lost]));
      }
    } finally {
      this.#metrics.sender.set(0);
      if (lost.aborted) logger.info('alerts are sent by another notifier from now on; standing by');
    }
  }

  async #send(): Promise<void> {
    const { cell, destinations, signal, logger, graceMs = 3_000 } = this.#options;
    const left = new AbortController();
    const stopping = AbortSignal.any([signal, this.#claim.lost, left.signal]);
    const late = new AbortController();
    const over = AbortSignal.any([this.#claim.lost, left.signal, late.signal]);
    const grace = stopping.aborted
      ? Promise.resolve()
      : once(stopping)
          .then(() => pause(graceMs, over))
          .then(() => late.abort());
    try {
      const fence =
        cell === undefined ? noFence : await patiently('beginning to send', () => takeFence(cell), { signal: stopping, logger });
      const superseded = () => {
        logger.warn('another notifier has begun to send: this one stops');
        left.abort();
      };
      const turn = { fence, stopping, over, superseded };
      // One that stops in order leaves the others their time.
      const failed = (error: unknown): never => {
        left.abort();
        throw error;
      };
      const sending = destinations.map(destination => this.#sendTo(destination, turn).catch(failed));
      await Promise.allSettled(sending);
      await Promise.all(sending);
    } catch (error) {
      if (!stopping.aborted || !isPassing(error)) throw error;
      logger.debug({ code: error.code }, `left while waiting: ${reasonOf(error)}`);
    } finally {
      left.abort();
      await grace;
    }
  }

  async #sendTo(destination: Destination, turn: Turn): Promise<void> {
    const { log, items, timing, logger } = this.#options;
    const metrics = this.#metrics;
    const patience = { signal: turn.stopping, logger };
    const { name, id, receiver } = destination;
    const memory = await this.#memoryOf(destination, patience);
    const refusals = await patiently('reading what was refused', () => Refusals.open(items(`${id}-refused`)), patience);
    metrics.refusalsKept.set({ destination: name }, refusals.size);
    const { last } = refusals;
    if (last !== undefined) {
      logger.warn(
        { destination: name, refusals: refusals.size, ids: last.ids.slice(0, 20) },
        `${receiver} refused messages for good, the last at ${new Date(last.timeMs).toISOString()}: ${last.reason}`,
      );
    }
    const skipped = () => metrics.skipped.inc({ destination: name, reason: 'invalid' });
    const ended = new AbortController();
    const signal = AbortSignal.any([turn.stopping, ended.signal]);
    const stream = new AlertStream({ log, fromOffset: memory.nextOffset, logger, skipped, signal });
    try {
      await runSender({
        ...turn,
        destination,
        memory,
        refusals,
        stream,
        timing,
        metrics,
        logger,
        reached: offset => this.#reached(destination, offset),
      });
    } finally {
      ended.abort();
      await stream.close();
    }
  }

  /** What it was sent, and where it goes on. */
  async #memoryOf({ name, id, receiver }: Destination, patience: Patience): Promise<SentMemory> {
    const { items, topic, logger } = this.#options;
    // The first time of all a destination hears of what comes from then on.
    const firstOffset = async () => (await this.#ends()).highWatermark;
    const lowOffset = async () => (await this.#ends()).lowOffset;
    const memory = await patiently(
      'reading what was sent',
      () => SentMemory.open({ items: items(id), topic, firstOffset, lowOffset }),
      patience,
    );
    if (memory.isNew)
      logger.info({ destination: name, offset: memory.nextOffset }, `${receiver} is new: alerts are sent there from now on`);
    if (memory.isOfOtherTopic)
      logger.info(
        { destination: name, offset: memory.nextOffset },
        `${receiver} was sent alerts of another topic before: ${topic} is sent from its start`,
      );
    if (await patiently('looking for what was sent last', () => this.#isAnew(memory), patience)) {
      const fromOffset = await patiently('asking for offsets', lowOffset, patience);
      await patiently('remembering the start', () => memory.advance(fromOffset), patience);
      logger.warn(
        { destination: name, offset: fromOffset },
        `${topic} was made anew, or has lost its end: it is sent from its start to ${receiver}, what was sent before excepted`,
      );
    }
    return memory;
  }

  /** True when another record stands where the last one was that the memory knows. Where none stands any more, reading says so. */
  async #isAnew({ last }: SentMemory): Promise<boolean> {
    if (last === undefined) return false;
    const { lowOffset, highWatermark } = await this.#ends();
    if (last.offset < lowOffset || last.offset >= highWatermark) return false;
    return !(await isStillThere(last, this.#options.log, { topic: alertsTopic.name, partition: alertsPartition }));
  }

  async #ends(): Promise<Pick<PartitionOffsets, 'lowOffset' | 'highWatermark'>> {
    const offsets = await this.#options.log.offsets(alertsTopic.name);
    return offsets.find(({ partition }) => partition === alertsPartition) ?? { lowOffset: 0, highWatermark: 0 };
  }

  /** For people: the group's lag is what waits for the slowest destination. */
  #reached(destination: Destination, nextOffset: number): void {
    this.#offsets.set(destination, nextOffset);
    if (this.#offsets.size < this.#options.destinations.length) return;
    const commit = this.#claim.commit(Math.min(...this.#offsets.values()));
    commit.catch((error: unknown) => this.#options.logger.debug({ reason: reasonOf(error) }, 'an offset was not committed'));
  }
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
