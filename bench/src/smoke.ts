/** A small run of the benchmarks for CI: everything works, bars are equal to the oracle's, and the ratios are not absurd. */
import { type PipelineError, usageError } from '@tapeline/core/errors';
import type { BenchContext } from './bench-context.ts';
import { measureCorrectness } from './correctness.ts';
import { measureSubject } from './cost.ts';
import { measureFanOut } from './fan-out.ts';
import { measureIngesterCost, measureIngesterLatency, measureIngesterMemory } from './ingester.ts';
import { measureLive } from './live.ts';
import { measureLoad, refuseFaults } from './load-figure.ts';
import { subjectNamed } from './subjects.ts';

/** So many times less CPU than kafkajs at least; the aim of a real run is far higher, but neighbours and a short run blur. */
const smallestRatio = 2;
/** Rows a second of the board's CPU at least; a real run, with ten times the clients, has ten times as many. */
const smallestFanOut = 400_000;
const topic = { ticks: 1_000_000, symbols: 1_000 };
const rounds = 2;
const names = ['tapeline', 'kafkajs'] as const;

/** @throws PipelineError `usage` with what is not as it has to be. */
export async function smoke(context: BenchContext): Promise<void> {
  const found = await measureCorrectness(context, { subjects: names, topic });
  for (const [name, { expected, equal, unexpected }] of found) {
    if (expected === 0 || equal !== expected || unexpected > 0)
      throw failed(`${name}: ${equal} of ${expected} bars are equal to the oracle's`);
  }
  const costs = new Map<string, number>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names) {
      const { cpuMicrosPerTick } = await measureSubject(context, subjectNamed(name), topic);
      costs.set(name, Math.min(cpuMicrosPerTick, costs.get(name) ?? cpuMicrosPerTick));
      context.say(`${name}, round ${round}: ${cpuMicrosPerTick.toFixed(2)} µs of CPU a tick, hardly warm`);
    }
  }
  const ratio = (costs.get('kafkajs') ?? 0) / (costs.get('tapeline') ?? Number.NaN);
  if (!(ratio >= smallestRatio))
    throw failed(`kafkajs takes ${ratio.toFixed(1)} times the CPU of Tapeline, expected ${smallestRatio} times at least`);
  context.say(`kafkajs takes ${ratio.toFixed(1)} times the CPU of Tapeline`);
  await measureLive(context, { figure: 'latency', ticksPerSecond: 2_000, symbols: 100, seconds: 16, rounds: 1 });
  await smokeLoad(context);
  await smokeIngester(context);
  await smokeFanOut(context);
}

/** Nothing is lost, and the store has the bars of a replay; how long it takes depends on the neighbours. */
async function smokeLoad(context: BenchContext): Promise<void> {
  const turns = await measureLoad(context, { profiles: ['3000', 'bursts-1000'], symbols: 100, seconds: 12, rounds: 1 });
  refuseFaults(turns);
  for (const turn of turns) {
    if (turn.values.inGaps !== 0) throw failed(`load ${turn.subject}: ${turn.values.inGaps} ticks lost, expected none`);
    if (!((turn.values.bars ?? 0) > 0)) throw failed(`load ${turn.subject}: no bar was compared`);
  }
}

/** Every price goes into the log; what a short run on a busy machine costs says nothing of memory and time. */
async function smokeIngester(context: BenchContext): Promise<void> {
  await measureIngesterCost(context, { events: 400_000, symbols: 1_000, rounds: 1 });
  await measureIngesterLatency(context, { rate: 5_000, symbols: 100, seconds: 3, rounds: 1 });
  await measureIngesterMemory(context, { rate: 10_000, symbols: 1_000, seconds: 20 });
  const measured = context.results.all().filter(({ figure }) => figure === 'ingester' || figure === 'ingester-memory');
  for (const { figure, values } of measured) {
    if (values.lost !== 0 || values.refused !== 0) throw failed(`${figure}: ${values.lost} prices lost, ${values.refused} refused`);
  }
}

/** Clients get their rows, at a price that no queue of messages would have. */
async function smokeFanOut(context: BenchContext): Promise<void> {
  const [clients, watched, tellsPerSecond] = [200, 50, 10];
  await measureFanOut(context, { clients, symbols: 1_000, watched, stalled: 0, seconds: 2, rounds: 1 });
  for (const { figure, subject, values } of context.results.all()) {
    if (figure !== 'fan-out') continue;
    const { updatesPerSecond = 0, updatesPerCpuSecond = 0 } = values;
    const most = clients * watched * tellsPerSecond;
    if (!(updatesPerSecond > most / 4 && updatesPerSecond < most * 1.2)) {
      throw failed(
        `fan-out, ${subject}: ${Math.round(updatesPerSecond)} rows a second came, expected ${most} and a quarter of it at least`,
      );
    }
    if (!(updatesPerCpuSecond >= smallestFanOut))
      throw failed(`fan-out, ${subject}: ${Math.round(updatesPerCpuSecond)} rows a CPU-second, expected ${smallestFanOut} at least`);
  }
}

function failed(what: string): PipelineError {
  return usageError(`the smoke run failed: ${what}`);
}
