/**
 * A member of a Kafka consumer group. kafkajs' consumer does what a group needs (join, heartbeats, commits) and reads nothing:
 * every partition stays paused, and {@link KafkaFetcher} reads for the claims. So a claim goes on undisturbed through each
 * rebalance that leaves it here, and heartbeats never wait for an owner.
 *
 * kafkajs talks to a coordinator that is gone until its retries are used up. So it gets few of them, and a member that had no
 * heartbeat answered for a session's length gives its claims up by itself: the group has done so too.
 *
 * A claim is kept only when it is certain that nobody else had the partition in between: same member id (a member that missed
 * its session gets a new one) and one attempt to join (a second one may hide a generation in which it was another's).
 */
import { BackOff } from '@tapeline/core/back-off';
import { reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { Bell } from './bell.ts';
import { Claim } from './claim.ts';
import { stickyAssigner } from './kafka-assigner.ts';
import { type Consumer, innerRetry, type Kafka, type PartitionAssigner } from './kafka-client.ts';
import { commitOffset, type OffsetCommit } from './kafka-commit.ts';
import { coordinatorFailure } from './kafka-coordinator.ts';
import { failureType, isLasting, kafkaFailure } from './kafka-failure.ts';
import { KafkaPeers } from './kafka-peers.ts';
import type { LogBatch } from './market-log.ts';
import type { PeerAddress } from './peer-listener.ts';

export interface KafkaMemberOptions {
  /** A client of its own. */
  readonly kafka: Kafka;
  readonly topic: string;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  /** Where the other members can watch this one, so that a dead one is removed before its session ends; absent: only sessions decide. */
  readonly peer?: PeerAddress | undefined;
  readonly logger: Logger;
  /** Aborts when the member is to stop. */
  readonly stop: AbortSignal;
  readonly onAssigned?: (() => void) | undefined;
  readonly onLost?: (() => void) | undefined;
  readonly committedOffsets: () => Promise<ReadonlyMap<number, number>>;
  readonly read: (partition: number, fromOffset: number, signal: AbortSignal) => AsyncIterable<LogBatch>;
}

/** How long owners may take to flush, commit and release before the group is left without them. */
const releaseDeadlineMs = 10_000;
const leaveDeadlineMs = 5_000;
/** A member hears of a rebalance by its next heartbeat, so a hand-over waits for that of the slowest. */
const highestHeartbeatMs = 300;

export class KafkaMember {
  readonly #options: KafkaMemberOptions;
  readonly #bell = new Bell();
  /** The last claim of each partition, lost ones included until they are released. */
  readonly #claims = new Map<number, Claim>();
  readonly #offered: Claim[] = [];
  readonly #peers: KafkaPeers | undefined;
  #consumer: Consumer | undefined;
  #memberId = '';
  #joinAttempts = 0;
  #generation = 0;
  #failure: unknown;
  /** Resolves when the iteration of the claims has ended, for whatever reason. */
  readonly #ended = Promise.withResolvers<undefined>();

  constructor(options: KafkaMemberOptions) {
    this.#options = options;
    const { peer: address, group, sessionTimeoutMs, logger } = options;
    if (address !== undefined) this.#peers = new KafkaPeers({ address, group, sessionTimeoutMs, logger });
  }

  /** Joins; gives each claim; after `stop` waits for the owners and leaves. */
  async *claims(): AsyncGenerator<Claim, void, void> {
    const { stop } = this.#options;
    const running = this.#run().catch((error: unknown) => {
      this.#failure = error;
      this.#bell.ring();
    });
    try {
      while (!stop.aborted && this.#failure === undefined) {
        const claim = this.#offered.shift();
        if (claim === undefined) await this.#bell.wait(stop);
        else if (claim.lost.aborted) claim.release();
        else yield claim;
      }
      if (this.#failure !== undefined) throw this.#failure;
      for (const claim of this.#offered.splice(0)) claim.release();
      await this.#ownersDone();
    } finally {
      this.#loseAll();
      this.#ended.resolve(undefined);
      await running;
      this.#peers?.close();
    }
  }

  /** One consumer after another: a crashed one is replaced, and what it owned is lost, for the group has heard of its end. */
  async #run(): Promise<void> {
    const { group, logger, stop, topic } = this.#options;
    const backOff = new BackOff({ baseMs: 200, capMs: 5_000 });
    await this.#peers?.open();
    while (!stop.aborted) {
      const found = await this.#consume(() => backOff.succeeded());
      if (found === undefined) return;
      const crash = await coordinatorFailure(found, this.#options.kafka, group);
      if (isLasting(crash)) {
        this.#failure = kafkaFailure(crash, `joining group ${group} of ${topic}`, { group, topic });
        this.#bell.ring();
        return;
      }
      logger.warn(
        { group, topic, type: failureType(crash), reason: reasonOf(crash) },
        'the group was lost, its partitions are given up; joining again',
      );
      await backOff.wait(stop);
    }
  }

  /** The life of one consumer; gives what it crashed of, or `undefined` when the member left. */
  async #consume(joined: () => void): Promise<unknown> {
    const { kafka, group, topic, sessionTimeoutMs } = this.#options;
    const crashed = Promise.withResolvers<unknown>();
    this.#memberId = '';
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(10_000, 2 * sessionTimeoutMs),
      heartbeatInterval: Math.min(highestHeartbeatMs, Math.floor(sessionTimeoutMs / 6)),
      maxWaitTimeInMs: 100,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      partitionAssigners: [this.#assigner()],
      retry: { ...innerRetry, retries: 4, restartOnFailure: async () => false },
    });
    const session = this.#watchSession(crashed.resolve);
    consumer.on(consumer.events.CRASH, ({ payload }) => crashed.resolve(payload.error));
    consumer.on(consumer.events.HEARTBEAT, session.answered);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      // Before anything is fetched: kafkajs calls its listeners before it goes on.
      consumer.pause([{ topic }]);
      session.answered();
      joined();
      this.#assigned(payload.memberId, payload.memberAssignment[topic] ?? []);
    });
    try {
      const failed = this.#start(consumer);
      return await Promise.race([failed, crashed.promise, this.#ended.promise]);
    } finally {
      session.close();
      this.#peers?.lost();
      this.#loseAll();
      this.#options.onLost?.();
      this.#consumer = undefined;
      await this.#disconnect(consumer);
    }
  }

  #assigner(): PartitionAssigner {
    return stickyAssigner({
      topic: this.#options.topic,
      owned: () => this.#owned(),
      joining: () => this.#joining(),
      peer: () => this.#peers?.peer,
      connected: cluster => this.#peers?.use(cluster),
    });
  }

  /** Reports a session that must be over: no heartbeat was answered for its length, and no rebalance is what it waits for. */
  #watchSession(report: (error: Error) => void): { readonly answered: () => void; readonly close: () => void } {
    const { sessionTimeoutMs } = this.#options;
    let answeredMs = performance.now();
    const timer = setInterval(() => {
      const silentMs = performance.now() - answeredMs;
      if (this.#memberId === '' || this.#joinAttempts > 0 || silentMs < sessionTimeoutMs) return;
      report(new Error(`no heartbeat was answered for ${Math.round(silentMs)} ms, the session lasts ${sessionTimeoutMs} ms`));
    }, sessionTimeoutMs / 8);
    return {
      answered: () => {
        answeredMs = performance.now();
      },
      close: () => clearInterval(timer),
    };
  }

  /** Gives what kept the consumer from starting, and nothing, ever, when it has started. */
  async #start(consumer: Consumer): Promise<unknown> {
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true });
      this.#consumer = consumer;
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
    } catch (error) {
      return error;
    }
    return new Promise<never>(() => {});
  }

  #assigned(memberId: string, partitions: readonly number[]): void {
    const { group, logger, topic } = this.#options;
    void this.#peers?.assigned(memberId);
    const certain = memberId === this.#memberId && this.#joinAttempts === 1;
    this.#memberId = memberId;
    this.#joinAttempts = 0;
    this.#generation += 1;
    const kept: number[] = [];
    for (const claim of this.#claims.values()) {
      if (certain && partitions.includes(claim.partition) && !claim.lost.aborted && !claim.isReleased) kept.push(claim.partition);
      else claim.lose();
    }
    logger.info({ group, topic, partitions: [...partitions].sort((a, b) => a - b), kept: kept.length }, 'partitions were assigned');
    const gained = partitions.filter(partition => !kept.includes(partition));
    this.#options.onAssigned?.();
    if (gained.length > 0) void this.#offer(gained, this.#generation);
  }

  /** Makes the claims of what was gained, each once the partition's last owner in this process is done with it. */
  async #offer(partitions: readonly number[], generation: number): Promise<void> {
    const committed = await this.#committedOffsets();
    await Promise.all(
      partitions.map(async partition => {
        await this.#claims.get(partition)?.released;
        if (generation !== this.#generation || this.#options.stop.aborted || this.#consumer === undefined) return;
        const claim = this.#claim(partition, committed.get(partition));
        this.#claims.set(partition, claim);
        this.#offered.push(claim);
        this.#bell.ring();
      }),
    );
  }

  async #committedOffsets(): Promise<ReadonlyMap<number, number>> {
    try {
      return await this.#options.committedOffsets();
    } catch (error) {
      this.#options.logger.warn(
        { group: this.#options.group, reason: reasonOf(error) },
        'committed offsets could not be read, the claims begin without them',
      );
      return new Map();
    }
  }

  #claim(partition: number, committedOffset: number | undefined): Claim {
    const { group, logger, read, stop, topic } = this.#options;
    const send = async (commit: OffsetCommit): Promise<void> =>
      this.#consumer?.commitOffsets([{ topic, partition, offset: String(commit.nextOffset) }]);
    const claim: Claim = new Claim({
      topic,
      partition,
      committedOffset,
      stop,
      read: (fromOffset, signal) => read(partition, fromOffset, signal),
      commit: nextOffset => commitOffset({ group, topic, partition, nextOffset }, { send, lost: claim.lost, logger }),
    });
    return claim;
  }

  #joining(): void {
    this.#joinAttempts += 1;
  }

  #owned(): readonly number[] {
    return [...this.#claims.values()].filter(claim => !claim.lost.aborted && !claim.isReleased).map(claim => claim.partition);
  }

  #loseAll(): void {
    this.#generation += 1;
    for (const claim of this.#claims.values()) claim.lose();
  }

  async #ownersDone(): Promise<void> {
    const open = [...this.#claims.values()].filter(claim => !claim.lost.aborted);
    const deadline = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => deadline.resolve('late'), releaseDeadlineMs);
    const late = await Promise.race([Promise.all(open.map(claim => claim.released)), deadline.promise]);
    clearTimeout(timer);
    if (late !== 'late') return;
    const partitions = open.filter(claim => !claim.isReleased).map(claim => claim.partition);
    this.#options.logger.warn(
      { group: this.#options.group, partitions },
      'partitions were not released in time, the group is left without waiting',
    );
  }

  async #disconnect(consumer: Consumer): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(() => deadline.resolve(), leaveDeadlineMs);
    const leaving = consumer.disconnect().catch((error: unknown) => {
      this.#options.logger.debug(
        { group: this.#options.group, reason: reasonOf(error) },
        'the group was not left cleanly: it notices by itself',
      );
    });
    await Promise.race([leaving, deadline.promise]);
    clearTimeout(timer);
  }
}
