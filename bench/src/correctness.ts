/** Figure `correctness`: whether the subjects compute the bars that they are measured by, against the oracle. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BarComparison, compareBars, parseBarLine } from './bar-comparison.ts';
import { type Oracle, type OracleBar, oracleOf } from './bar-oracle.ts';
import type { BenchContext } from './bench-context.ts';
import type { BenchTopic } from './bench-topics.ts';
import { fill, measureSubject } from './cost.ts';
import { loadRecords } from './load.ts';
import { subjectNamed } from './subjects.ts';

export interface CorrectnessOptions {
  readonly subjects: readonly string[];
  readonly topic: BenchTopic;
}

/** @returns the comparison of each subject and interval. */
export async function measureCorrectness(
  context: BenchContext,
  { subjects, topic }: CorrectnessOptions,
): Promise<ReadonlyMap<string, BarComparison>> {
  await fill(context, topic);
  const found = new Map<string, BarComparison>();
  let oracle: Oracle | undefined;
  for (const subject of subjects.map(subjectNamed)) {
    if (subject.needsCassandra) continue;
    const wanted = {
      figure: 'correctness',
      subject: subject.name,
      round: 1,
      parameters: { topicTicks: topic.ticks, symbols: topic.symbols },
    };
    if (context.resume && context.results.has(wanted)) continue;
    oracle ??= oracleOf(loadRecords(topic.ticks, topic), ['1s', '1m']);
    const output = join(context.scratch, `${subject.name}.bars`);
    await rm(output, { force: true });
    await measureSubject(context, subject, topic, output);
    const bars = await barsOf(output);
    const values: Record<string, number> = {};
    for (const interval of subject.intervals) {
      const comparison = compareBars(bars, oracle, interval, subject.lateness);
      found.set(`${subject.name} ${interval}`, comparison);
      const { withLateTicks, ...counts } = comparison;
      for (const [name, value] of Object.entries(counts)) values[`${name} ${interval}`] = value;
      values[`expected with late ticks ${interval}`] = withLateTicks.expected;
      values[`equal with late ticks ${interval}`] = withLateTicks.equal;
      context.say(lineOf(subject.name, interval, comparison));
    }
    const command = `npm run bench -- correctness --subjects ${subject.name} --ticks ${topic.ticks} --symbols ${topic.symbols}`;
    context.results.add({ ...wanted, values, command });
    await rm(output, { force: true });
  }
  return found;
}

async function barsOf(file: string): Promise<readonly OracleBar[]> {
  const bars: OracleBar[] = [];
  for await (const line of createInterface(createReadStream(file))) {
    const interval = line.split(',')[1];
    if (interval === '1s' || interval === '1m') bars.push(parseBarLine(line));
  }
  return bars;
}

function lineOf(subject: string, interval: string, found: BarComparison): string {
  const { expected, equal, missing, otherCount, otherOpenOrClose, otherHighOrLow, withLateTicks } = found;
  const differing = `missing ${missing}, other count ${otherCount}, open or close ${otherOpenOrClose}, high or low ${otherHighOrLow}`;
  return `${subject} ${interval}: ${equal} of ${expected} bars equal (${differing}); with late ticks ${withLateTicks.equal} of ${withLateTicks.expected}`;
}
