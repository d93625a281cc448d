/** Every figure, one after another, as BENCHMARKS.md wants them. What was measured already is left out on request, so it can be stopped. */
import { measureBacklog } from './backlog.ts';
import type { BenchContext } from './bench-context.ts';
import { measureCorrectness } from './correctness.ts';
import { measureCost } from './cost.ts';
import { measureFanOut } from './fan-out.ts';
import { measureIngesterCost, measureIngesterLatency, measureIngesterMemory } from './ingester.ts';
import { measureLive } from './live.ts';
import { measureLoad } from './load-figure.ts';
import { loadProfiles } from './load-profiles.ts';
import { measureMemory } from './memory.ts';
import { measurePair } from './pair.ts';
import { measureRecovery } from './recovery.ts';
import { measureSoak } from './soak.ts';
import { usualSubjects } from './subjects.ts';

const rounds = 3;

/** In the order of importance: whoever stops it has the best of it. */
export async function measureAll(context: BenchContext): Promise<void> {
  const topic = { ticks: 10_000_000, symbols: 1_000 };
  const wideTopic = { ticks: 6_000_000, symbols: 12_000 };
  const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['correctness', () => measureCorrectness(context, { subjects: usualSubjects, topic: { ticks: 1_000_000, symbols: 1_000 } })],
    ['cost', () => measureCost(context, { subjects: usualSubjects, rounds, topic })],
    ['latency', () => measureLive(context, { figure: 'latency', ticksPerSecond: 100_000, symbols: 1_000, seconds: 60, rounds })],
    ['durability', () => measureLive(context, { figure: 'durability', ticksPerSecond: 20_000, symbols: 1_000, seconds: 60, rounds })],
    ['ingester', () => measureIngesterCost(context, { events: 4_000_000, symbols: 1_000, rounds })],
    ['ingester latency', () => measureIngesterLatency(context, { rate: 50_000, symbols: 1_000, seconds: 15, rounds: 5 })],
    ['ingester memory', () => measureIngesterMemory(context, { symbols: 1_000, seconds: 600 })],
    ['fan-out', () => measureFanOut(context, { clients: 2_000, symbols: 1_000, watched: 50, stalled: 100, seconds: 20, rounds })],
    ['memory', () => measureMemory(context, { symbols: 12_000, ticks: 50_000_000 })],
    ['pair', () => measurePair(context, { topic, rounds })],
    ['cost with 12,000 symbols', () => measureCost(context, { subjects: ['tapeline', 'flink-hand'], rounds, topic: wideTopic })],
    [
      'durability with 12,000 symbols',
      () => measureLive(context, { figure: 'durability', ticksPerSecond: 20_000, symbols: 12_000, seconds: 60, rounds: 1 }),
    ],
    ['load', () => measureLoad(context, { profiles: loadProfiles.map(({ name }) => name), symbols: 1_000, seconds: 60, rounds })],
    ['backlog', () => measureBacklog(context, { ticks: 50_000_000, cassandraTicks: 5_000_000, symbols: 1_000, rounds: 1, keep: false })],
    ['recovery', () => measureRecovery(context, { samples: 20 })],
    ['soak', () => measureSoak(context, { minutes: 60, rate: 20_000, symbols: 1_000 })],
  ];
  for (const [index, [name, measure]] of steps.entries()) {
    context.say(`${index + 1} of ${steps.length}: ${name}`);
    await measure();
  }
}
