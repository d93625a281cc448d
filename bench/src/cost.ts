/** Figure `cost`: CPU time for a tick and catch-up throughput of Tapeline and its peers, taking turns on one topic. */
import type { BenchContext } from './bench-context.ts';
import { type BenchTopic, fillTopic } from './bench-topics.ts';
import { measureRun, type RunMeasurement } from './measured-run.ts';
import { type Subject, subjectNamed } from './subjects.ts';

export interface CostOptions {
  readonly subjects: readonly string[];
  readonly rounds: number;
  readonly topic: BenchTopic;
}

/** A slow machine with busy neighbours still makes it. */
const deadlineMs = 20 * 60_000;
/** A quarter of a short topic, when 4 million ticks are more than it has. */
const shortWarmUp = 0.4;

export async function measureCost(context: BenchContext, { subjects, rounds, topic }: CostOptions): Promise<void> {
  const chosen = subjects.map(subjectNamed);
  await fill(context, topic);
  for (let round = 1; round <= rounds; round += 1) {
    for (const subject of chosen) {
      const parameters = { topicTicks: topic.ticks, symbols: topic.symbols };
      const wanted = { figure: 'cost', subject: subject.name, round, parameters };
      if (context.resume && context.results.has(wanted)) continue;
      const measured = await measureSubject(context, subject, topic);
      const command = `npm run bench -- cost --subjects ${subject.name} --ticks ${topic.ticks} --symbols ${topic.symbols}`;
      context.results.add({ ...wanted, values: valuesOf(measured), command });
      context.say(lineOf(subject, round, measured));
    }
  }
}

/** Fills the topic, saying how far it is. */
export async function fill(context: BenchContext, topic: BenchTopic): Promise<void> {
  const log = await context.log();
  await fillTopic(log, topic, (records, of) =>
    context.progress(`filling the topic of ${topic.ticks} ticks, ${topic.symbols} symbols: ${percent(records, of)}`),
  );
}

/** Measures one subject once. `endless` ones are ended when they have read enough. */
export async function measureSubject(context: BenchContext, subject: Subject, topic: BenchTopic, output?: string): Promise<RunMeasurement> {
  const ticks = output === undefined ? Math.min(subject.ticks, topic.ticks) : topic.ticks;
  const brokers = await context.servers.brokers();
  const cassandra = subject.needsCassandra ? await context.servers.contactPoints() : undefined;
  const command = await subject.prepare({ brokers, topic, ticks, output, cassandra, logger: context.logger });
  return await measureRun({
    name: subject.name,
    commands: [command],
    ticks,
    warmTicks: Math.min(subject.warmTicks, Math.floor(ticks * shortWarmUp)),
    endless: subject.endless,
    deadlineMs,
    onProgress: done => context.progress(`${subject.name}: ${percent(done, ticks)}`),
    signal: context.signal,
  });
}

/** The numbers of a run, for the results. */
export function valuesOf(run: RunMeasurement): Readonly<Record<string, number>> {
  const { done: _done, ...values } = run;
  return values;
}

function lineOf(subject: Subject, round: number, run: RunMeasurement): string {
  const rate = `${Math.round(run.ticksPerSecond / 1_000)} k ticks/s`;
  const memory = `${Math.round(run.peakResidentBytes / 2 ** 20)} MiB`;
  return `${subject.name}, round ${round}: ${run.cpuMicrosPerTick.toFixed(3)} µs of CPU a tick, ${rate}, ${memory} (calibration ${run.calibrationMs.toFixed(0)} ms)`;
}

function percent(part: number, whole: number): string {
  return `${Math.floor((part / whole) * 100)} %`;
}
