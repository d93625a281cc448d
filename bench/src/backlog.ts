/**
 * Figure `backlog`: a processor starts with many ticks waiting. How long until its first result and until it has caught up, whether its memory
 * stays bounded meanwhile, and, with Cassandra, whether one that was stopped halfway goes on from where it was.
 */
import { type BacklogRun, runBacklog } from './backlog-run.ts';
import type { BenchContext } from './bench-context.ts';
import { type BenchTopic, topicPrefix } from './bench-topics.ts';
import { fill } from './cost.ts';
import { loadRecordCount } from './load.ts';
import { needRoom, removeKeyspace, removeTopics } from './load-leftovers.ts';
import { newGroup } from './subjects.ts';

export interface BacklogOptions {
  readonly ticks: number;
  /** Of the runs with Cassandra; 0 for none. */
  readonly cassandraTicks: number;
  readonly symbols: number;
  readonly rounds: number;
  /** The filled topics stay, for another time. */
  readonly keep: boolean;
}

type Values = Readonly<Record<string, number>>;

/** Of a tick in the log; with the snapshots, the bars and what the servers need besides. */
const bytesOfTick = 275;
const roomForServers = 2e9;
/** The one that is stopped has done so much of it. */
const stoppedAt = 0.4;

/** Interrupted, it leaves the topics: the next time they are filled on from there. */
export async function measureBacklog(context: BenchContext, options: BacklogOptions): Promise<void> {
  const { ticks, cassandraTicks, symbols, rounds, keep } = options;
  const topic = { ticks, symbols };
  for (let round = 1; round <= rounds; round += 1) await measured(context, topic, round, 'bars counted', counted);
  const smallTopic = { ticks: cassandraTicks, symbols };
  if (cassandraTicks > 0) {
    for (let round = 1; round <= rounds; round += 1) await measured(context, smallTopic, round, 'bars in Cassandra', inCassandra);
    await measured(context, smallTopic, 1, 'stopped halfway, bars in Cassandra', stoppedHalfway);
  }
  if (keep) return;
  // At the end only: a client that has seen a topic goes on asking for it when it is deleted.
  for (const each of [topic, smallTopic]) await removeTopics(await context.servers.brokers(), topicPrefix(each));
}

async function measured(
  context: BenchContext,
  topic: BenchTopic,
  round: number,
  subject: string,
  measure: (context: BenchContext, topic: BenchTopic) => Promise<Values>,
): Promise<void> {
  const wanted = { figure: 'backlog', subject, round, parameters: { ticks: topic.ticks, symbols: topic.symbols } };
  if (context.resume && context.results.has(wanted)) return;
  await filled(context, topic);
  const values = await measure(context, topic);
  const command = `npm run bench -- backlog --ticks ${topic.ticks} --symbols ${topic.symbols}`;
  context.results.add({ ...wanted, values, command });
  context.say(`backlog of ${topic.ticks}, ${subject}, round ${round}: ${textOf(values)}`);
}

async function filled(context: BenchContext, topic: BenchTopic): Promise<void> {
  const log = await context.log();
  const present = await log.offsets(`${topicPrefix(topic)}market-data.feed`).catch(() => []);
  const records = present.reduce((sum, { highWatermark }) => sum + highWatermark, 0);
  const missing = Math.max(0, loadRecordCount(topic.ticks, topic) - records);
  await needRoom(missing * bytesOfTick + roomForServers, `a backlog of ${topic.ticks} ticks`, 'ask for fewer --ticks');
  await fill(context, topic);
}

async function counted(context: BenchContext, topic: BenchTopic): Promise<Values> {
  return valuesOf(await runBacklog(context, { topic, group: newGroup('backlog') }));
}

async function inCassandra(context: BenchContext, topic: BenchTopic): Promise<Values> {
  return inKeyspace(context, async keyspace => valuesOf(await runBacklog(context, { topic, group: newGroup('backlog'), keyspace })));
}

/** The second one reads from the first one's snapshots on, and both have processed the topic once. */
async function stoppedHalfway(context: BenchContext, topic: BenchTopic): Promise<Values> {
  return inKeyspace(context, async keyspace => {
    const run = { topic, group: newGroup('backlog'), keyspace };
    const first = await runBacklog(context, { ...run, until: Math.floor(topic.ticks * stoppedAt) });
    const second = await runBacklog(context, { ...run, from: first.ticks });
    return {
      ...valuesOf(second),
      stoppedAtTicks: first.ticks,
      readAgain: first.records + second.records - loadRecordCount(topic.ticks, topic),
    };
  });
}

async function inKeyspace(context: BenchContext, work: (keyspace: string) => Promise<Values>): Promise<Values> {
  const keyspace = `bench_backlog_${process.pid}_${Date.now()}`;
  try {
    return await work(keyspace);
  } finally {
    await removeKeyspace(await context.servers.contactPoints(), keyspace);
  }
}

function valuesOf(run: BacklogRun): Values {
  return { ...run, ticksPerSecond: run.ticks / (run.caughtUpSeconds - run.firstResultSeconds) };
}

function textOf({ ticks = 0, bars = 0, readAgain, ...values }: Values): string {
  const mebibytes = (bytes = 0): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const {
    firstResultSeconds = 0,
    caughtUpSeconds = 0,
    ticksPerSecond = 0,
    peakResidentBytes,
    residentEarlyBytes,
    residentLateBytes,
  } = values;
  const memory = `${mebibytes(peakResidentBytes)} at most, ${mebibytes(residentEarlyBytes)} early and ${mebibytes(residentLateBytes)} late`;
  const again = readAgain === undefined ? '' : `; ${readAgain} records were read again`;
  return `first result after ${firstResultSeconds.toFixed(1)} s, ${ticks} ticks after ${caughtUpSeconds.toFixed(1)} s (${Math.round(ticksPerSecond)} a second), ${bars} bars; ${memory}${again}`;
}
