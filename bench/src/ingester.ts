/**
 * Figures of the ingester: CPU for a price from the socket to its acknowledgement by Kafka, memory under a steady load, and the time that
 * a price takes, beside a bare kafkajs produce in turns. The server of the prices and the broker are processes of their own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { feedTopic } from '@tapeline/core/topics';
import type { BenchContext } from './bench-context.ts';
import { distributionOf, spreadOf } from './distribution.ts';
import { IngesterRun, type UsageSample } from './ingester-run.ts';
import { LiveProcess } from './live-process.ts';
import { nodeCommand } from './subjects.ts';

export interface IngesterCostOptions {
  /** Prices that are measured, after a quarter as many to warm up. */
  readonly events: number;
  readonly symbols: number;
  readonly rounds: number;
}

export interface IngesterLatencyOptions {
  readonly rate: number;
  readonly symbols: number;
  /** Of each turn. */
  readonly seconds: number;
  readonly rounds: number;
}

export interface IngesterMemoryOptions {
  /** Prices a second; absent: half of what the results say it can take. */
  readonly rate?: number;
  readonly symbols: number;
  readonly seconds: number;
}

/** Well below what the ingester's own buffers hold, so that nothing is dropped. */
const mostUnacknowledged = 40_000;
const memorySampleMs = 1_000;
const settleMs = 2_000;

export async function measureIngesterCost(context: BenchContext, { events, symbols, rounds }: IngesterCostOptions): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    const wanted = { figure: 'ingester', subject: 'tapeline', round, parameters: { events, symbols } };
    if (context.resume && context.results.has(wanted)) continue;
    const values = await withRun(context, symbols, async run => {
      await run.sendAll(Math.ceil(events / 4), mostUnacknowledged);
      const before = run.usage();
      await run.sendAll(events, mostUnacknowledged);
      return slope(before, run.usage());
    });
    context.results.add({ ...wanted, values, command: `npm run bench -- ingester --events ${events} --symbols ${symbols}` });
    const { cpuMicrosPerEvent = 0, eventsPerSecond = 0 } = values;
    context.say(`ingester, round ${round}: ${cpuMicrosPerEvent.toFixed(2)} µs of CPU a price, ${Math.round(eventsPerSecond)} a second`);
  }
}

export async function measureIngesterLatency(context: BenchContext, options: IngesterLatencyOptions): Promise<void> {
  const { rate, symbols, seconds, rounds } = options;
  const parameters = { rate, symbols, seconds };
  const command = `npm run bench -- ingester-latency --rate ${rate} --symbols ${symbols} --seconds ${seconds}`;
  const wanted = (subject: string, round: number) => ({ figure: 'ingester-latency', subject, round, parameters });
  if (context.resume && context.results.has(wanted('tapeline', rounds))) return;
  await withRun(context, symbols, async (run, prefix) => {
    await run.sendAt(rate, seconds);
    for (let round = 1; round <= rounds; round += 1) {
      const ours = distributionOf(await run.sendAt(rate, seconds));
      const bare = distributionOf(await bareProduce(context, `${prefix}${feedTopic.name}`, options));
      for (const [subject, { p50, p99, count }] of [
        ['tapeline', ours],
        ['bare kafkajs produce', bare],
      ] as const) {
        context.results.add({ ...wanted(subject, round), values: { p50Ms: p50, p99Ms: p99, pieces: count }, command });
      }
      context.say(
        `ingester at ${rate}/s, round ${round}: p50 ${ours.p50.toFixed(1)}, p99 ${ours.p99.toFixed(1)} ms; bare ${bare.p50.toFixed(1)}, ${bare.p99.toFixed(1)} ms`,
      );
    }
    return {};
  });
}

export async function measureIngesterMemory(context: BenchContext, { rate, symbols, seconds }: IngesterMemoryOptions): Promise<void> {
  const halfOfCapacity = Math.floor(spreadOf(capacities(context)).median / 2 / 1_000) * 1_000;
  const chosen = rate ?? (halfOfCapacity > 0 ? halfOfCapacity : 50_000);
  const wanted = { figure: 'ingester-memory', subject: 'tapeline', round: 1, parameters: { rate: chosen, symbols, seconds } };
  if (context.resume && context.results.has(wanted)) return;
  const values = await withRun(context, symbols, async run => {
    const samples: UsageSample[] = [];
    const sampling = setInterval(() => samples.push(run.usage()), memorySampleMs);
    await run.sendAt(chosen, seconds).finally(() => clearInterval(sampling));
    return growth(samples);
  });
  context.results.add({
    ...wanted,
    values,
    command: `npm run bench -- ingester-memory --rate ${chosen} --symbols ${symbols} --seconds ${seconds}`,
  });
  const mebibytes = (bytes = 0) => (bytes / 2 ** 20).toFixed(1);
  context.say(
    `ingester at ${chosen}/s for ${seconds} s: ${mebibytes(values.residentBytes)} MiB, grown by ${mebibytes(values.grownBytes)} MiB`,
  );
}

/** @returns what `work` gives, and how many prices were lost and refused */
async function withRun(
  context: BenchContext,
  symbols: number,
  work: (run: IngesterRun, prefix: string) => Promise<Readonly<Record<string, number>>>,
): Promise<Readonly<Record<string, number>>> {
  const prefix = `bench-ingester-${process.pid}-${Date.now()}.`;
  const run = new IngesterRun({ brokers: await context.servers.brokers(), prefix, symbols, signal: context.signal });
  try {
    await run.start();
    const values = await work(run, prefix);
    const { lost = Number.NaN, refused = Number.NaN } = await run.end();
    return { ...values, lost, refused };
  } finally {
    run.kill();
    await sleep(settleMs);
  }
}

async function bareProduce(context: BenchContext, topic: string, { rate, seconds }: IngesterLatencyOptions): Promise<readonly number[]> {
  const samples: number[] = [];
  const flags = ['--brokers', (await context.servers.brokers()).join(','), '--topic', topic, '--rate', String(rate)];
  // Its first seconds are its warm-up.
  const producer = new LiveProcess(
    'the bare producer',
    nodeCommand('bare-produce.ts', [...flags, '--seconds', String(seconds * 2)]),
    line => {
      if (line.startsWith('took ')) samples.push(Number(line.split(' ')[1]));
    },
  );
  const killed = (): void => producer.kill();
  context.signal.addEventListener('abort', killed, { once: true });
  await producer.ended();
  context.signal.removeEventListener('abort', killed);
  context.signal.throwIfAborted();
  return samples.slice(samples.length / 2);
}

function slope(before: UsageSample, after: UsageSample): Readonly<Record<string, number>> {
  const events = after.acked - before.acked;
  return {
    cpuMicrosPerEvent: ((after.cpuSeconds - before.cpuSeconds) / events) * 1e6,
    eventsPerSecond: (events / (after.atMs - before.atMs)) * 1_000,
    residentBytes: after.residentBytes,
  };
}

/** From the second fifth of the time to the last: what comes before is compilation and first buffers. */
function growth(samples: readonly UsageSample[]): Readonly<Record<string, number>> {
  const fifth = (which: number) => {
    const part = samples.slice((which * samples.length) / 5, ((which + 1) * samples.length) / 5);
    return spreadOf(part.map(({ residentBytes }) => residentBytes)).median;
  };
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('there are no samples, expected a run of some seconds');
  return { ...slope(first, last), residentBytes: fifth(4), grownBytes: fifth(4) - fifth(1) };
}

function capacities({ results }: BenchContext): readonly number[] {
  return results.all().flatMap(({ figure, values }) => (figure === 'ingester' ? [values.eventsPerSecond ?? Number.NaN] : []));
}
