/**
 * Figure `fan-out`: how many rows a second the live board brings to its clients for a second of its CPU, and how long a row takes from
 * the board's turn to the client, beside an idle echo in the same run; then the same with clients that read nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from './bench-context.ts';
import { type FanOutMeasurement, FanOutRun, quantile } from './fan-out-run.ts';

export interface FanOutOptions {
  readonly clients: number;
  readonly symbols: number;
  /** Symbols that each client watches. */
  readonly watched: number;
  /** Clients that read nothing, in a second half of the run; 0: there is none. */
  readonly stalled: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly rounds: number;
}

/** Who watches what: the worst case for sharing, and the usual one. */
export const watchLists = [
  { subject: 'a random list each', lists: 0 },
  { subject: '20 shared lists', lists: 20 },
] as const;

const longestWarmUpSeconds = 5;

export async function measureFanOut(context: BenchContext, options: FanOutOptions): Promise<void> {
  const { rounds, ...parameters } = options;
  for (let round = 1; round <= rounds; round += 1) {
    for (const { subject, lists } of watchLists) {
      const wanted = { figure: 'fan-out', subject, round, parameters };
      if (context.resume && context.results.has(wanted)) continue;
      const values = await measureRound(context, options, lists);
      context.results.add({ ...wanted, values, command: commandOf(options) });
      context.say(`fan-out, ${subject}, round ${round}: ${inWords(values)}`);
    }
  }
}

async function measureRound(context: BenchContext, options: FanOutOptions, lists: number): Promise<Readonly<Record<string, number>>> {
  const { clients, symbols, watched, stalled, seconds } = options;
  const run = new FanOutRun({ clients, symbols, watched, lists, scratch: context.scratch, signal: context.signal });
  try {
    await run.start();
    context.progress(`fan-out: ${clients} clients have their rows`);
    await sleep(Math.min(longestWarmUpSeconds, seconds) * 1_000, undefined, { signal: context.signal });
    const alone = valuesOf(await run.measure(seconds));
    if (stalled === 0) return alone;
    await run.stall(stalled);
    context.progress(`fan-out: ${stalled} clients more read nothing`);
    const beside = valuesOf(await run.measure(seconds));
    const [skipped, dropped] = [
      await run.metric('tapeline_live_board_updates_skipped_total'),
      await run.metric('tapeline_live_board_clients_dropped_total'),
    ];
    const named = Object.entries(beside).map(([name, value]) => [`stalled ${name}`, value] as const);
    return { ...alone, ...Object.fromEntries(named), skippedUpdates: skipped, droppedClients: dropped };
  } finally {
    run.kill();
  }
}

function valuesOf(measured: FanOutMeasurement): Readonly<Record<string, number>> {
  const { updates, frames, bytes, seconds, cpuSeconds, pricesSeconds, tenths, echoTenths } = measured;
  const [p99Ms, echoP99Ms] = [quantile(tenths, 0.99) / 10, quantile(echoTenths, 0.99) / 10];
  return {
    updatesPerCpuSecond: updates / cpuSeconds,
    updatesPerSecond: updates / seconds,
    framesPerSecond: frames / seconds,
    bytesPerUpdate: bytes / updates,
    cpuShare: cpuSeconds / seconds,
    pricesShareOfCpu: pricesSeconds / cpuSeconds,
    p50Ms: quantile(tenths, 0.5) / 10,
    p99Ms,
    echoP50Ms: quantile(echoTenths, 0.5) / 10,
    echoP99Ms,
    beyondEchoMs: p99Ms - echoP99Ms,
  };
}

function inWords(values: Readonly<Record<string, number>>): string {
  const part = (prefix: string): string => {
    const value = (name: string): number => values[`${prefix}${name}`] ?? Number.NaN;
    return `${(value('updatesPerCpuSecond') / 1e6).toFixed(2)} M rows a CPU-second (${Math.round(value('updatesPerSecond'))}/s), p99 ${value('p99Ms').toFixed(1)} ms, echo ${value('echoP99Ms').toFixed(1)} ms`;
  };
  return values['stalled p99Ms'] === undefined ? part('') : `${part('')}; beside stalled ones ${part('stalled ')}`;
}

function commandOf({ clients, symbols, watched, stalled, seconds }: FanOutOptions): string {
  return `npm run bench -- fan-out --clients ${clients} --symbols ${symbols} --watched ${watched} --stalled ${stalled} --seconds ${seconds}`;
}
