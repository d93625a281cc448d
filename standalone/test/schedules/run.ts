/** Runs one schedule on the shared servers and judges what it left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from '@tapeline/core/pause';
import { feedTopic, topics } from '@tapeline/core/topics';
import type { PartitionOffsets } from '@tapeline/log/market-log';
import type { RunningNode } from '@tapeline/services/server-node';
import { eventually } from '../../../test/support/eventually.ts';
import { randomOf } from '../../../test/support/random.ts';
import { type TestCluster, testCluster } from '../support/cluster.ts';
import { DurabilityCheck } from './durability-check.ts';
import { FeedWriter } from './feed-writer.ts';
import { type OddEnd, Processors } from './processors.ts';
import type { Action, Schedule } from './schedule.ts';
import type { Servers } from './servers.ts';
import { type Verdict, verdictOn } from './verdict.ts';

export interface ScheduleResult extends Verdict {
  readonly seed: number;
  readonly seconds: number;
  /** Samples of "no offset is ahead of the results", and what they compared. */
  readonly samples: number;
  readonly skippedSamples: number;
  readonly compared: number;
  readonly oddEnds: readonly OddEnd[];
  /** Processors' standard error, for a run with faults. */
  readonly output: string;
}

/** Each finds a port of its own: they share a host. */
export const peerSettings: Readonly<Record<string, string>> = { PROCESSOR_PEER_HOST: '127.0.0.1', PROCESSOR_PEER_PORT: '0' };

const partitions = 4;
const group = 'schedule';
const sampleEveryMs = 1_500;
const drainDeadlineMs = 180_000;

interface Run {
  readonly cluster: TestCluster;
  readonly servers: Servers;
  readonly processors: Processors;
  readonly writer: FeedWriter;
  readonly check: DurabilityCheck;
  /** Broker restarts one after another: two copies of three are needed. */
  brokers: Promise<void>;
  cassandra: Promise<void>;
}

export async function runSchedule(
  schedule: Schedule,
  servers: Servers,
  env: Readonly<Record<string, string>> = {},
): Promise<ScheduleResult> {
  const begunMs = performance.now();
  await revive(servers);
  const cluster = await testCluster(servers);
  try {
    await cluster.log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
    const symbols = Array.from({ length: schedule.symbols }, (_, index) => `S${index}/USD`);
    const run = prepare(schedule, symbols, cluster, servers, env);
    const target = await playedOut(run, schedule);
    await run.check.sample();
    const saved = await savedOffsets(cluster);
    const verdict = await verdictOn(cluster, { symbols, acknowledged: run.writer.acknowledged, ends: saved });
    const faults = [...run.check.faults, ...(await behind(cluster, saved, target)), ...verdict.faults];
    const { samples, skipped: skippedSamples, compared } = run.check;
    const { oddEnds } = run.processors;
    const seconds = Math.round((performance.now() - begunMs) / 1_000);
    const output = faults.length + oddEnds.length === 0 ? '' : run.processors.output();
    return { ...verdict, seed: schedule.seed, faults, samples, skippedSamples, compared, oddEnds, seconds, output };
  } finally {
    await cluster.close();
  }
}

/** Plays the schedule and drains what it made; one that breaks off leaves no feed and no supervisor behind. */
async function playedOut(run: Run, schedule: Schedule): Promise<readonly PartitionOffsets[]> {
  try {
    await play(run, schedule);
    return await drain(run);
  } catch (error) {
    // Not waited for: the servers may be away, and the cluster ends what runs.
    void Promise.allSettled([run.writer.stop(), run.processors.stopAll()]);
    throw error;
  }
}

/** A schedule that broke off may have left servers down or frozen. */
async function revive({ kafka, cassandra }: Servers): Promise<void> {
  for (const node of [...kafka.nodes, ...cassandra.nodes]) {
    await node.kill('SIGCONT');
    if (node.pid === undefined) await node.start();
  }
}

function prepare(
  schedule: Schedule,
  symbols: readonly string[],
  cluster: TestCluster,
  servers: Servers,
  env: Readonly<Record<string, string>>,
): Run {
  const { seed, ticksPerSecond, sessionTimeoutMs, snapshotIntervalMs, peers } = schedule;
  const settings = {
    KAFKA_SESSION_TIMEOUT_MS: String(sessionTimeoutMs),
    SNAPSHOT_INTERVAL_MS: String(snapshotIntervalMs),
    ...(peers ? peerSettings : {}),
    ...env,
  };
  return {
    cluster,
    servers,
    processors: new Processors({ cluster, group, env: settings }),
    writer: new FeedWriter({ log: cluster.log, partitions, symbols, ticksPerSecond, random: randomOf(seed + 1) }),
    check: new DurabilityCheck({
      ...cluster,
      partitions,
      group: cluster.groupName(group),
      committedOffsets: () => cluster.committedOffsets(group),
    }),
    brokers: Promise.resolve(),
    cassandra: Promise.resolve(),
  };
}

/** Ticks flow, actions happen at their times, samples are taken; returns when all of it is over and everything is up again. */
async function play(run: Run, { actions, durationMs }: Schedule): Promise<void> {
  run.writer.start();
  const over = new AbortController();
  const sampling = sampleUntil(run.check, over.signal);
  const begunMs = performance.now();
  const acting: Promise<void>[] = [];
  for (const action of actions) {
    await sleep(Math.max(0, begunMs + action.atMs - performance.now()));
    acting.push(act(run, action));
  }
  await sleep(Math.max(0, begunMs + durationMs - performance.now()));
  await Promise.all([...acting, run.brokers, run.cassandra]);
  over.abort();
  await sampling;
}

async function sampleUntil(check: DurabilityCheck, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await pause(sampleEveryMs, over);
    await check.sample();
  }
}

async function act(run: Run, action: Action): Promise<void> {
  const { processors, servers, writer } = run;
  switch (action.do) {
    case 'start-processor':
      processors.start(action.processor, action.fault);
      return;
    case 'stop-processor':
      return processors.signal(action.processor, 'SIGTERM');
    case 'kill-processor':
      return processors.signal(action.processor, 'SIGKILL');
    case 'freeze-processor':
      await processors.signal(action.processor, 'SIGSTOP');
      await sleep(action.forMs);
      return processors.signal(action.processor, 'SIGCONT');
    case 'kill-broker':
    case 'freeze-broker':
      run.brokers = run.brokers.then(() => disturb(servers.kafka.nodes[action.broker - 1], action.do === 'kill-broker', action.forMs));
      return;
    case 'kill-cassandra':
    case 'freeze-cassandra':
      run.cassandra = run.cassandra.then(() => disturb(servers.cassandra.nodes[0], action.do === 'kill-cassandra', action.forMs));
      return;
    case 'new-session':
      writer.breakSession();
  }
}

async function disturb(node: RunningNode | undefined, isKill: boolean, forMs: number): Promise<void> {
  await node?.kill(isKill ? 'SIGKILL' : 'SIGSTOP');
  await sleep(forMs);
  await (isKill ? node?.start() : node?.kill('SIGCONT'));
}

/** The feed goes quiet, the processors read all of it, and are stopped as people stop them. Gives the offsets that hold all that counts. */
async function drain(run: Run): Promise<readonly PartitionOffsets[]> {
  const { cluster, processors, writer } = run;
  await processors.disarm();
  if (processors.count === 0) processors.start(99);
  await writer.endTicks();
  // Heartbeats go on until the windows of the last ticks are closed and past, and committed offsets say so: a lag is as old as its batch.
  await sleep(3_500);
  const target = await cluster.log.offsets(feedTopic.name);
  const told = () => `every tick is committed\n${processors.output().slice(-6_000)}`;
  await eventually(told, () => isCommitted(cluster, target), drainDeadlineMs);
  await writer.stop();
  await processors.stopAll();
  return target;
}

async function isCommitted(cluster: TestCluster, target: readonly PartitionOffsets[]): Promise<boolean> {
  const committed = await cluster.committedOffsets(group);
  return target.every(({ partition, highWatermark }) => (committed.get(partition) ?? 0) >= highWatermark);
}

async function savedOffsets({ store, groupName }: TestCluster): Promise<readonly number[]> {
  const saved: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const snapshot = await store.loadSnapshot({ consumerGroup: groupName(group), topic: feedTopic.name, partition });
    saved.push(snapshot?.nextOffset ?? 0);
  }
  return saved;
}

/** After a clean stop all that was read is saved, and nothing is committed beyond it. */
async function behind(cluster: TestCluster, saved: readonly number[], target: readonly PartitionOffsets[]): Promise<readonly string[]> {
  const committed = await cluster.committedOffsets(group);
  return target.flatMap(({ partition, highWatermark }) => {
    const place = `partition ${partition} was saved at ${saved[partition]}`;
    const offset = committed.get(partition) ?? 0;
    return [
      ...((saved[partition] ?? 0) < highWatermark ? [`${place}, before ${highWatermark}, which was committed`] : []),
      ...(offset > (saved[partition] ?? 0) ? [`${place} and committed at ${offset}`] : []),
    ];
  });
}
