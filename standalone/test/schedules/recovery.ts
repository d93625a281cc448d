/**
 * How long the partitions of a processor are without results when it is stopped, killed, or joined by another one: from the last result
 * in Cassandra before to the first one after, the worst of the partitions that moved.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tapeline/core/partitioner';
import { topics } from '@tapeline/core/topics';
import { eventually } from '../../../test/support/eventually.ts';
import { randomOf } from '../../../test/support/random.ts';
import { testCluster } from '../support/cluster.ts';
import { ResultTimes } from '../support/result-times.ts';
import { FeedWriter } from './feed-writer.ts';
import { Processors } from './processors.ts';
import { peerSettings } from './run.ts';
import type { Servers } from './servers.ts';

export interface RecoveryOptions {
  /** Of each kind. */
  readonly samples: number;
  readonly sessionTimeoutMs: number;
  /** True when the members watch each other and remove a dead one. */
  readonly peers: boolean;
  /** Which ends are measured. */
  readonly ends: readonly ('SIGTERM' | 'SIGKILL')[];
}

export interface Distribution {
  readonly samples: readonly number[];
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
}

/** All in milliseconds. */
export interface Recovery {
  readonly peers: boolean;
  readonly sessionTimeoutMs: number;
  readonly processors: number;
  readonly ticksPerSecond: number;
  /** The processor was asked to end: its partitions on the other one. */
  readonly cleanStop?: Distribution;
  /** Another processor joined: the partitions that it took over. */
  readonly join?: Distribution;
  /** The processor was killed. */
  readonly kill?: Distribution;
}

const partitions = 4;
const group = 'recovery';
const ticksPerSecond = 400;
/** One for each partition, in their order. */
const symbols = Array.from({ length: partitions }, (_, partition) => symbolIn(partition));
const settleMs = 1_500;
/** Rounds that are not counted: brokers and Cassandra were started a moment ago, and their first rebalances and snapshots are those of cold machines. */
const warmUps = 3;

interface Scene {
  readonly processors: Processors;
  readonly results: ResultTimes;
}

export async function measureRecovery(servers: Servers, options: RecoveryOptions, told: (line: unknown) => void): Promise<Recovery> {
  const cluster = await testCluster(servers);
  const env = { KAFKA_SESSION_TIMEOUT_MS: String(options.sessionTimeoutMs), ...(options.peers ? peerSettings : {}) };
  const processors = new Processors({ cluster, group, env });
  try {
    await cluster.log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
    const writer = new FeedWriter({ log: cluster.log, partitions, symbols, ticksPerSecond, random: randomOf(1) });
    writer.start();
    processors.start(1);
    processors.start(2);
    const results = new ResultTimes(cluster.store, symbols);
    try {
      await balanced(processors, [1, 2]);
      return await sampled({ processors, results }, options, told);
    } finally {
      await results.close();
      await writer.endTicks();
      await writer.stop();
      await processors.stopAll();
      told({ output: processors.output() });
    }
  } finally {
    await cluster.close();
  }
}

async function sampled(
  scene: Scene,
  { samples, ends, peers, sessionTimeoutMs }: RecoveryOptions,
  told: (line: unknown) => void,
): Promise<Recovery> {
  const times = { SIGTERM: [] as number[], SIGKILL: [] as number[], join: [] as number[] };
  const living = [1, 2];
  let last = 2;
  for (let sample = -warmUps; sample < samples; sample += 1) {
    for (const signal of ends) {
      const victim = living.shift() ?? 0;
      const lostMs = await silence(scene, await ownedBy(scene.processors, victim), () => void scene.processors.signal(victim, signal));
      last += 1;
      living.push(last);
      const joinMs = await joined(scene, living);
      if (sample >= 0) {
        times[signal].push(lostMs);
        times.join.push(joinMs);
      }
      told({ sample, peers, [signal]: lostMs, join: joinMs });
    }
  }
  return {
    peers,
    sessionTimeoutMs,
    processors: living.length,
    ticksPerSecond,
    ...(times.SIGTERM.length > 0 ? { cleanStop: distributionOf(times.SIGTERM) } : {}),
    ...(times.SIGKILL.length > 0 ? { kill: distributionOf(times.SIGKILL) } : {}),
    join: distributionOf(times.join),
  };
}

/** Starts the last of `living` and waits until it has its share. */
async function joined({ processors, results }: Scene, living: readonly number[]): Promise<number> {
  const newest = living.at(-1) ?? 0;
  const begunMs = performance.now();
  processors.start(newest);
  await balanced(processors, living);
  const moved = await ownedBy(processors, newest);
  const silences = moved.map(partition => results.silenceMs(partition, begunMs, begunMs) ?? Number.NaN);
  return Math.round(Math.max(...silences));
}

async function silence({ results }: Scene, moving: readonly number[], act: () => void): Promise<number> {
  const actedMs = performance.now();
  act();
  // What was on its way may still arrive after the end; so results go on for a while before the longest silence is taken.
  await eventually(
    'the partitions have results again',
    async () => {
      await sleep(500);
      const silences = moving.map(partition => results.silenceMs(partition, actedMs, performance.now() - 300));
      return silences.every(ms => ms !== undefined && ms > 0) && performance.now() - actedMs > 1_500;
    },
    60_000,
  );
  // A silence that is not over yet would be longer than any that is.
  await eventually('the silence is over', () => allSpoke(results, moving, actedMs), 60_000);
  return Math.round(Math.max(...moving.map(partition => results.silenceMs(partition, actedMs, actedMs) ?? Number.NaN)));
}

function allSpoke(results: ResultTimes, moving: readonly number[], actedMs: number): boolean {
  return moving.every(partition => results.silenceMs(partition, actedMs, performance.now() - 200) !== undefined);
}

/** Waits until each of `living` owns its half, and a while longer. */
async function balanced(processors: Processors, living: readonly number[]): Promise<void> {
  const share = partitions / living.length;
  await eventually(
    'the partitions are shared',
    async () => (await Promise.all(living.map(one => ownedBy(processors, one)))).every(owned => owned.length === share),
    60_000,
  );
  await sleep(settleMs);
}

async function ownedBy(processors: Processors, processor: number): Promise<readonly number[]> {
  return [...(await processors.lagsOf(processor)).keys()];
}

function symbolIn(partition: number): string {
  let number = 0;
  while (partitionOf(`S${number}/USD`, partitions) !== partition) number += 1;
  return `S${number}/USD`;
}

function distributionOf(samples: readonly number[]): Distribution {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { samples, p50: at(0.5), p99: at(0.99), highest: sorted.at(-1) ?? Number.NaN };
}
