/** Figure `pair`: what two processors of one group use for the work of one. */
import type { BenchContext } from './bench-context.ts';
import { type BenchTopic, topicPrefix } from './bench-topics.ts';
import { fill, valuesOf } from './cost.ts';
import { type MeasuredCommand, measureRun } from './measured-run.ts';
import { newGroup, nodeCommand } from './subjects.ts';

export interface PairOptions {
  readonly topic: BenchTopic;
  readonly rounds: number;
}

const deadlineMs = 10 * 60_000;
const warmShare = 0.4;

export async function measurePair(context: BenchContext, { topic, rounds }: PairOptions): Promise<void> {
  await fill(context, topic);
  for (let round = 1; round <= rounds; round += 1) {
    for (const processes of [1, 2]) {
      const subject = processes === 1 ? 'one process' : 'two processes';
      const wanted = { figure: 'pair', subject, round, parameters: { topicTicks: topic.ticks, symbols: topic.symbols } };
      if (context.resume && context.results.has(wanted)) continue;
      const command = await processor(context, topic);
      const measured = await measureRun({
        name: subject,
        commands: Array.from({ length: processes }, () => command),
        ticks: topic.ticks,
        warmTicks: topic.ticks * warmShare,
        endless: true,
        deadlineMs,
        onProgress: done => context.progress(`${subject}: ${Math.floor((done / topic.ticks) * 100)} %`),
        signal: context.signal,
      });
      context.results.add({ ...wanted, values: valuesOf(measured), command: `npm run bench -- pair --ticks ${topic.ticks}` });
      const micros = measured.cpuMicrosPerTick.toFixed(3);
      context.say(`${subject}, round ${round}: ${micros} µs of CPU a tick, ${measured.cpuSeconds.toFixed(1)} s in all`);
    }
  }
}

/** Members of one group take the same command. */
async function processor(context: BenchContext, topic: BenchTopic): Promise<MeasuredCommand> {
  const brokers = await context.servers.brokers();
  return nodeCommand('our-processor.ts', ['--brokers', brokers.join(','), '--prefix', topicPrefix(topic), '--group', newGroup('pair')]);
}
