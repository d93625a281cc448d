/** Who is measured: Tapeline and its peers, each with the processes that do its work. */
import { fileURLToPath } from 'node:url';
import { usageError } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import type { Lateness } from './bar-comparison.ts';
import { type BenchTopic, feedTopicOf, topicPrefix } from './bench-topics.ts';
import { type JvmPeer, prepareJvmPeer } from './jvm-peer.ts';
import type { MeasuredCommand } from './measured-run.ts';

/** What a subject is given to work on. */
export interface SubjectWork {
  readonly brokers: readonly string[];
  readonly topic: BenchTopic;
  /** How many of the topic's ticks are read at least. */
  readonly ticks: number;
  /** A file for the bars, as lines; absent while it is measured. */
  readonly output?: string | undefined;
  /** Contact points, for the subject that writes there. */
  readonly cassandra?: readonly string[] | undefined;
  readonly logger: Logger;
}

export interface Subject {
  readonly name: string;
  /** For the table, in words. */
  readonly description: string;
  readonly isPeer: boolean;
  /** Reads on when the work is done. */
  readonly endless: boolean;
  readonly needsCassandra: boolean;
  readonly lateness: Lateness;
  readonly intervals: readonly ('1s' | '1m')[];
  /** How many ticks are measured, and how many before them are not: machines that compile need 4 million. */
  readonly ticks: number;
  readonly warmTicks: number;
  prepare(work: SubjectWork): Promise<MeasuredCommand>;
}

const kafkaStreams: JvmPeer = { folder: 'kafka-streams', version: '4.3.1', mainClass: 'KafkaStreamsBars' };
const flink: JvmPeer = { folder: 'flink', version: '2.2.1', mainClass: 'FlinkBars' };
const spark: JvmPeer = { folder: 'spark', version: '4.2.0', mainClass: 'SparkBars', heapMb: 2_048 };

/** All of them, in the order in which they take turns. */
export const subjects: readonly Subject[] = [
  ours('tapeline', 'Tapeline: all 8 intervals, indicators, corrections, snapshots; bars encoded, store that only counts', []),
  jvm('flink-hand', 'Flink 2.2, hand-written parser, heap state', flink, { BENCH_PARSER: 'hand' }),
  jvm('kafka-streams', 'Kafka Streams 4.3, RocksDB with changelog, Jackson', kafkaStreams, {}),
  kafkajs(),
  ours('tapeline-publishing', 'Tapeline, and its bars written to market-data.bars', ['--publish']),
  jvm('flink-jackson', 'Flink 2.2, Jackson, heap state', flink, { BENCH_PARSER: 'jackson' }),
  jvm('spark', 'Spark 4.2, first() and last() by arrival', spark, {}),
  {
    ...jvm('flink-hand-1s', 'Flink 2.2, hand-written parser, heap state, 1 s bars only', flink, { BENCH_PARSER: 'hand' }),
    intervals: ['1s'],
  },
  jvm('spark-event-time', 'Spark 4.2, open and close by event time', spark, { BENCH_OPEN_CLOSE: 'event-time' }),
  {
    ...ours('tapeline-cassandra', 'Tapeline, its bars and latest prices written to Cassandra', []),
    needsCassandra: true,
    ticks: 3_000_000,
    warmTicks: 1_000_000,
  },
];

/** Those that are measured unless others are named. */
export const usualSubjects: readonly string[] = subjects.map(({ name }) => name);

/** @throws PipelineError `usage` for a name that nobody has. */
export function subjectNamed(name: string): Subject {
  const subject = subjects.find(candidate => candidate.name === name);
  if (subject !== undefined) return subject;
  const expected = subjects.map(candidate => candidate.name).join(', ');
  throw usageError(`"${name}" is nobody that can be measured, expected some of: ${expected}`);
}

/** The command of one of our processes: this Node, with what the product runs with. */
export function nodeCommand(file: string, args: readonly string[]): MeasuredCommand {
  const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
  return { command: process.execPath, args: [...flags, fileURLToPath(new URL(file, import.meta.url)), ...args] };
}

let groups = 0;

/** A consumer group that nobody has used. */
export function newGroup(name: string): string {
  groups += 1;
  return `bench-${name}-${process.pid}-${Date.now()}-${groups}`;
}

function ours(name: string, description: string, flags: readonly string[]): Subject {
  const prepare = async (work: SubjectWork): Promise<MeasuredCommand> => {
    const { brokers, topic, output, cassandra } = work;
    const store = cassandra === undefined ? [] : ['--cassandra', cassandra.join(',')];
    const file = output === undefined ? [] : ['--output', output];
    const log = ['--brokers', brokers.join(','), '--prefix', topicPrefix(topic), '--group', newGroup(name)];
    return nodeCommand('our-processor.ts', [...log, ...store, ...file, ...flags]);
  };
  const part = { isPeer: false, endless: true, needsCassandra: false, lateness: 'all', intervals: ['1s', '1m'] } as const;
  return { name, description, ...part, ticks: 10_000_000, warmTicks: 4_000_000, prepare };
}

function jvm(name: string, description: string, peer: JvmPeer, environment: Readonly<Record<string, string>>): Subject {
  const part = {
    isPeer: true,
    endless: false,
    needsCassandra: false,
    lateness: 'on-time',
    ticks: 10_000_000,
    warmTicks: 4_000_000,
  } as const;
  return {
    name,
    description,
    ...part,
    intervals: ['1s', '1m'],
    async prepare(this: Subject, { brokers, topic, ticks, output, logger }: SubjectWork) {
      const command = await prepareJvmPeer(peer, logger);
      const wanted = { BENCH_BROKERS: brokers.join(','), BENCH_TOPIC: feedTopicOf(topic), BENCH_TICKS: String(ticks) };
      const more = { BENCH_INTERVALS: this.intervals.join(','), ...(output === undefined ? {} : { BENCH_OUTPUT: output }) };
      return { ...command, environment: { ...wanted, ...more, ...environment } };
    },
  };
}

function kafkajs(): Subject {
  return {
    name: 'kafkajs',
    description: 'kafkajs 2.2.4, eachMessage, JSON.parse, a Map of objects',
    isPeer: true,
    endless: false,
    needsCassandra: false,
    lateness: 'on-time',
    intervals: ['1s', '1m'],
    ticks: 4_000_000,
    warmTicks: 1_000_000,
    async prepare(this: Subject, { brokers, topic, ticks, output }: SubjectWork) {
      const file = output === undefined ? [] : ['--output', output];
      const work = ['--brokers', brokers.join(','), '--topic', feedTopicOf(topic), '--ticks', String(ticks)];
      return nodeCommand('kafkajs-peer.ts', [...work, '--intervals', this.intervals.join(','), ...file]);
    },
  };
}
