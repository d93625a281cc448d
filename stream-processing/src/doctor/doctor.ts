/**
 * Examines a deployment with the settings of an environment: from the settings over the log and the store to what the flow left in them.
 * It only asks; what cannot be asked for want of an earlier answer is left out.
 */
import { type Configuration, type Environment, readConfiguration } from '@tapeline/core/configuration';
import { counted } from '@tapeline/core/counted';
import { PipelineError } from '@tapeline/core/errors';
import { misspeltSettings } from '@tapeline/core/misspelt-settings';
import { feedTopic, topics } from '@tapeline/core/topics';
import { configuredCassandraInspection } from '@tapeline/database/configured-store';
import { configuredKafkaInspection, openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { Examination } from './examination.ts';
import { type Backlog, deadLetterFindings, heartbeatFindings, lagFindings } from './feed-checks.ts';
import { type Finding, fault, ok, skipped, warning } from './finding.ts';
import { groupFindings, topicFindings } from './kafka-checks.ts';
import { deadLettersSince, lastHeartbeats, timeAt } from './log-tail.ts';
import { fileFindings, folderFindings, nodeFindings, writtenFolders } from './machine-checks.ts';
import { keyFindings, settingsFindings } from './settings-checks.ts';
import { clockFindings, keyspaceFindings } from './store-checks.ts';
import { examineStore, type SavedState, type StoreExamination } from './store-examination.ts';

export interface DoctorOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  /** What each check may take. */
  readonly timeoutMs: number;
}

interface Patient {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly examination: Examination;
}

/** The log's answers that the store is judged by. */
interface LogState {
  readonly log: MarketLog;
  readonly partitions: readonly PartitionOffsets[];
  /** Of the newest heartbeat, or now: while no feed writes, nothing falls behind. */
  readonly newestMs: number;
  /** Next offset by partition as the group tells; `undefined` without Kafka. */
  readonly committed: ReadonlyMap<number, number> | undefined;
}

const hourMs = 3_600_000;
/** First records that wait are looked at in so many partitions, those where most wait. */
const backlogsRead = 3;
const closeMs = 1_000;

export async function examine({ environment, logger, timeoutMs }: DoctorOptions): Promise<readonly Finding[]> {
  const examination = new Examination({ timeoutMs });
  examination.add(...nodeFindings(process.versions.node));
  const configuration = configurationOf(environment, examination);
  if (configuration === undefined) return examination.findings;
  const patient = { configuration, logger, examination };
  examination.add(...misspeltSettings(environment).map(what => warning('settings', what, 'correct its name, or unset it')));
  examination.add(...settingsFindings(configuration), ...keyFindings(configuration));
  for (const folder of writtenFolders(configuration)) await examination.check(`folder ${folder}`, () => folderFindings(folder));
  const committed = await examineKafka(patient);
  const hasStore = await examineCassandra(patient);
  const state = committed === 'away' ? undefined : await openLogState(patient, committed);
  const saved = hasStore ? await examineStore({ ...patient, ...judgedBy(state) }) : undefined;
  if (state !== undefined) {
    await examineFlow(patient, state, saved);
    await Promise.race([state.log.close(), new Promise(resolve => setTimeout(resolve, closeMs).unref())]);
  }
  return examination.findings;
}

/** All faults of the settings at once. */
function configurationOf(environment: Environment, examination: Examination): Configuration | undefined {
  try {
    return readConfiguration(environment);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const [, ...faults] = error.message.split('\n  - ');
    examination.add(...faults.map(what => fault('settings', what)));
    examination.add(skipped('all else', 'is looked at when the settings have no fault'));
    return undefined;
  }
}

/** @returns the offsets of the group, `undefined` where it has none to tell; `away` when there is no log to look at. */
async function examineKafka({ configuration, logger, examination }: Patient): Promise<ReadonlyMap<number, number> | undefined | 'away'> {
  const inspection = configuredKafkaInspection(configuration, logger);
  if (inspection === undefined) return undefined;
  try {
    const brokers = await examination.value('kafka', () => inspection.brokers());
    if (brokers === undefined) {
      examination.add(skipped('log', 'heartbeats, lag and dead letters are looked at when Kafka answers'));
      return 'away';
    }
    examination.add(ok('kafka', counted(brokers, 'broker')));
    const { KAFKA_TOPIC_PREFIX: prefix = '', KAFKA_FEED_PARTITIONS: feedPartitions, KAFKA_GROUP: group } = configuration;
    let hasFeed = false;
    for (const topic of topics) {
      const name = `${prefix}${topic.name}`;
      await examination.check(`topic ${name}`, async () => {
        const facts = await inspection.topic(name);
        hasFeed ||= topic === feedTopic && facts !== undefined;
        return topicFindings(name, facts, { topic, feedPartitions, brokers });
      });
    }
    if (!hasFeed) {
      examination.add(skipped('log', 'group, heartbeats, lag and dead letters are looked at when the feed has its topic'));
      return 'away';
    }
    const facts = await examination.value(`group ${group}`, () => inspection.group(group, `${prefix}${feedTopic.name}`), 'optional');
    if (facts !== undefined) examination.add(...groupFindings(group, facts));
    return facts?.committed;
  } finally {
    await inspection.close();
  }
}

/** @returns whether there is a store to ask. */
async function examineCassandra({ configuration, logger, examination }: Patient): Promise<boolean> {
  const inspection = configuredCassandraInspection(configuration, logger);
  if (inspection === undefined) return true;
  const { CASSANDRA_KEYSPACE: keyspace, CASSANDRA_USERNAME: user } = configuration;
  try {
    const server = await examination.value('cassandra', () => inspection.server());
    if (server === undefined) {
      examination.add(skipped('store', 'generation, snapshots, gaps and queue are looked at when Cassandra answers'));
      return false;
    }
    const { releaseVersion, nodes, dataCenter } = server;
    examination.add(ok('cassandra', `${releaseVersion}, ${counted(nodes, 'node')} in ${dataCenter}`));
    await examination.check('clock', async () => clockFindings(await inspection.clock()));
    await examination.check(`keyspace ${keyspace}`, async () => keyspaceFindings(keyspace, await inspection.keyspace(keyspace), server));
    await examination.check('cassandra role', async () => roleFindings(user, await inspection.isSuperuser()));
    return true;
  } finally {
    await inspection.close();
  }
}

function roleFindings(user: string | undefined, isSuperuser: boolean | undefined): readonly Finding[] {
  const check = 'cassandra role';
  if (user === undefined) return [skipped(check, 'nobody logs in')];
  if (isSuperuser === undefined) return [skipped(check, `what ${user} may do cannot be seen`)];
  if (!isSuperuser) return [ok(check, `${user} is not a superuser`)];
  return [warning(check, `${user} is a superuser, who may do everything`, 'give this process a role of its own with the rights it needs')];
}

async function openLogState(
  { configuration, logger, examination }: Patient,
  committed: ReadonlyMap<number, number> | undefined,
): Promise<LogState | undefined> {
  if (configuration.KAFKA_BROKERS === undefined)
    await examination.check('log.sqlite', () => fileFindings(configuration.DATA_DIR, 'log.sqlite'));
  const log = await examination.value('log', () => openConfiguredLog(configuration, { clientId: 'doctor', logger, readOnly: true }));
  if (log === undefined) return undefined;
  const partitions = await examination.value('log', () => log.offsets(feedTopic.name));
  if (partitions === undefined) {
    await log.close();
    return undefined;
  }
  const heartbeats = await examination.value('heartbeat', () => lastHeartbeats(log, partitions));
  if (heartbeats !== undefined) examination.add(...heartbeatFindings(heartbeats, Date.now()));
  const times = [...(heartbeats?.values() ?? [])].map(({ timeMs }) => timeMs);
  return { log, partitions, committed, newestMs: Math.min(Date.now(), times.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...times)) };
}

function judgedBy(state: LogState | undefined): Pick<StoreExamination, 'log' | 'newestMs'> {
  return { log: state?.log, newestMs: state?.newestMs ?? Date.now() };
}

/** What the feeds and the processors left in the log. */
async function examineFlow(
  { configuration, examination }: Patient,
  state: LogState,
  saved: readonly SavedState[] | undefined,
): Promise<void> {
  const { log, committed, newestMs } = state;
  const nextOffsets = committed ?? (saved && new Map(saved.map(({ partition, nextOffset }) => [partition, nextOffset])));
  if (nextOffsets === undefined) examination.add(skipped('lag', 'how far the processors are is not known'));
  else {
    // What a snapshot tells is as old as that one.
    const patienceMs = committed === undefined ? configuration.SNAPSHOT_INTERVAL_MS : 0;
    await examination.check('lag', async () => lagFindings(await backlogsOf(state, nextOffsets), newestMs, patienceMs));
  }
  const readDeadLetters = async () => deadLetterFindings(await deadLettersSince(log, Date.now() - hourMs));
  await examination.check('dead letters', readDeadLetters, 'optional');
}

async function backlogsOf({ log, partitions }: LogState, nextOffsets: ReadonlyMap<number, number>): Promise<readonly Backlog[]> {
  const waiting = partitions
    .map(({ partition, lowOffset, highWatermark }) => {
      const fromOffset = Math.max(lowOffset, nextOffsets.get(partition) ?? lowOffset);
      return { partition, fromOffset, highWatermark, records: Math.max(0, highWatermark - fromOffset) };
    })
    .filter(({ records }) => records > 0)
    .sort((a, b) => b.records - a.records);
  const backlogs: Backlog[] = [];
  for (const [index, { partition, fromOffset, highWatermark, records }] of waiting.entries()) {
    const sinceMs = index < backlogsRead ? await timeAt(log, partition, fromOffset, highWatermark) : undefined;
    backlogs.push({ partition, records, sinceMs });
  }
  return backlogs;
}
