/** One processor over a topic that is full: from its start until it has caught up, or until it is stopped on the way. */
import type { BenchContext } from './bench-context.ts';
import { type BenchTopic, topicPrefix } from './bench-topics.ts';
import { spreadOf } from './distribution.ts';
import { LiveProcess } from './live-process.ts';
import { metricsOf, sumOfMetric } from './process-sample.ts';
import { treeUsage } from './process-tree.ts';
import { nodeCommand } from './subjects.ts';

export interface BacklogRunOptions {
  readonly topic: BenchTopic;
  readonly group: string;
  /** Of Cassandra; absent for a store that only counts. */
  readonly keyspace?: string;
  /** Ticks that were processed before. @default 0 */
  readonly from?: number;
  /** It is stopped after so many. @default all of the topic's */
  readonly until?: number;
}

/** By one run. */
interface Processed {
  readonly ticks: number;
  readonly records: number;
  readonly bars: number;
}

export interface BacklogRun extends Processed {
  /** Both since the start of the process. */
  readonly firstResultSeconds: number;
  readonly caughtUpSeconds: number;
  readonly peakResidentBytes: number;
  /** Results that waited for the store, of all partitions. */
  readonly mostPendingBytes: number;
  /** In the second fifth of the time, and in the last: the first is start-up. */
  readonly residentEarlyBytes: number;
  readonly residentLateBytes: number;
}

/** What was seen of it at a moment. */
interface Look {
  readonly ticks: number;
  readonly residentBytes: number;
}

const lookMs = 250;

/** @throws PipelineError `services.unavailable` with what it said when the processor ends by itself. */
export async function runBacklog(context: BenchContext, options: BacklogRunOptions): Promise<BacklogRun> {
  const { topic, group, keyspace, from = 0, until = topic.ticks } = options;
  const flags = ['--brokers', (await context.servers.brokers()).join(','), '--prefix', topicPrefix(topic), '--group', group, '--probes'];
  if (keyspace !== undefined) flags.push('--cassandra', (await context.servers.contactPoints()).join(','), '--keyspace', keyspace);
  const beganMs = performance.now();
  const secondsSince = (): number => (performance.now() - beganMs) / 1_000;
  let [ticks, firstResultSeconds, caughtUpSeconds] = [0, 0, 0];
  let probes: string | undefined;
  let processed: Processed = { ticks: 0, records: 0, bars: 0 };
  const reached = Promise.withResolvers<void>();
  const processor = new LiveProcess('the stream processor', nodeCommand('our-processor.ts', flags), line => {
    const [word, value = ''] = line.split(' ');
    if (word === 'done') processed = (JSON.parse(line.slice(5)) as { processed: Processed }).processed;
    if (word === 'probes') probes = value;
    if (word !== 'progress') return;
    ticks = Number(value);
    if (ticks > 0 && firstResultSeconds === 0) firstResultSeconds = secondsSince();
    if (from + ticks < until || caughtUpSeconds > 0) return;
    caughtUpSeconds = secondsSince();
    reached.resolve();
  });
  const looks: Look[] = [];
  let mostPendingBytes = 0;
  const look = async (): Promise<void> => {
    looks.push({ ticks, ...treeUsage([processor.pid]) });
    context.progress(`backlog: ${from + ticks} of ${topic.ticks} ticks, ${Math.round((looks.at(-1)?.residentBytes ?? 0) / 2 ** 20)} MiB`);
    const pending =
      probes === undefined ? 0 : (sumOfMetric(await metricsOf(probes), 'tapeline_stream_processor_pending_result_bytes') ?? 0);
    mostPendingBytes = Math.max(mostPendingBytes, pending);
  };
  const timer = setInterval(() => void look(), lookMs);
  const killed = (): void => processor.kill();
  context.signal.addEventListener('abort', killed, { once: true });
  try {
    await Promise.race([reached.promise, processor.ended()]);
    context.signal.throwIfAborted();
    const peakResidentBytes = Math.max(...looks.map(({ residentBytes }) => residentBytes), 0);
    const memory = memoryOf(looks);
    // What is read when it is asked to stop is finished first, and counts.
    await processor.end();
    return { ...processed, firstResultSeconds, caughtUpSeconds, peakResidentBytes, mostPendingBytes, ...memory };
  } finally {
    clearInterval(timer);
    context.signal.removeEventListener('abort', killed);
    processor.kill();
  }
}

function memoryOf(looks: readonly Look[]): Pick<BacklogRun, 'residentEarlyBytes' | 'residentLateBytes'> {
  const working = looks.filter(({ ticks }) => ticks > 0);
  const fifth = (which: number): number => {
    const part = working.slice(Math.floor((which * working.length) / 5), Math.ceil(((which + 1) * working.length) / 5));
    return spreadOf(part.map(({ residentBytes }) => residentBytes)).median;
  };
  return { residentEarlyBytes: fifth(1), residentLateBytes: fifth(4) };
}
