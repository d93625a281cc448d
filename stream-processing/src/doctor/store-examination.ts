/** Asks the configured store, whichever it is: generation, snapshots, alert rules in force, gaps, and the queue of backfills. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertRule } from '@tapeline/core/alert-rules';
import type { Configuration } from '@tapeline/core/configuration';
import { feedTopic } from '@tapeline/core/topics';
import { hasTables, openConfiguredGenerations, openConfiguredStore, openConfiguredWork } from '@tapeline/database/configured-store';
import { FileItems } from '@tapeline/database/file-items';
import { firstGeneration } from '@tapeline/database/generations';
import type { MarketStore } from '@tapeline/database/market-store';
import { sqliteFileOf } from '@tapeline/database/sqlite/sqlite-generations';
import type { WorkItem } from '@tapeline/database/work-store';
import type { MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { FeedState } from '../fold/outputs.ts';
import { refuseOther } from '../fold/snapshot-refusal.ts';
import { foldVersion } from '../fold-version.ts';
import { type LastRecord, snapshotHeader } from '../hot/hot-snapshot.ts';
import { isStillThere } from '../last-record.ts';
import type { Examination } from './examination.ts';
import { skipped } from './finding.ts';
import { fileFindings } from './machine-checks.ts';
import { rulesFindings } from './rules-checks.ts';
import {
  gapFindings,
  generationFindings,
  marketFindings,
  type PartitionState,
  type QueuedJob,
  queueFindings,
  snapshotFindings,
} from './store-checks.ts';

export interface StoreExamination {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly examination: Examination;
  /** `undefined` when it gave no answer before. */
  readonly log: Pick<MarketLog, 'offsets' | 'read'> | undefined;
  /** What snapshots are held to: the log's newest time. */
  readonly newestMs: number;
}

export interface SavedState {
  readonly partition: number;
  readonly nextOffset: number;
  readonly versionUs: number;
  readonly lastRecord: LastRecord | undefined;
  readonly rules: readonly AlertRule[];
  readonly feeds: readonly FeedState[];
}

const weekMs = 7 * 86_400_000;
const mostGaps = 10_000;

/** @returns what the snapshots say; `undefined` when they could not be read. */
export async function examineStore(options: StoreExamination): Promise<readonly SavedState[] | undefined> {
  const { configuration, logger, examination } = options;
  const generation = await examineGenerations(options);
  if (generation === undefined) return undefined;
  if (configuration.CASSANDRA_CONTACT_POINTS === undefined) {
    const name = sqliteFileOf(generation);
    await examination.check(name, () => fileFindings(configuration.DATA_DIR, name));
  }
  const store = openConfiguredStore(configuration, { logger, registry: new Registry(), readOnly: true, generation });
  try {
    const isReady = await examination.value('store', async () => {
      await store.ready();
      return true;
    });
    if (isReady === undefined) return undefined;
    const saved = await examineSnapshots(store, options);
    examination.add(...marketFindings((saved ?? []).flatMap(({ feeds }) => feeds)));
    const { ALERT_RULES_FILE: file, BAR_INTERVALS: intervals } = configuration;
    const inForce = saved === undefined || saved.length === 0 ? undefined : saved.map(({ rules }) => rules);
    await examination.check('alert rules', () => rulesFindings(file, intervals, inForce));
    await examination.check('gaps', async () => {
      const nowMs = Date.now();
      const gaps = await store.gaps({ fromMs: nowMs - weekMs, toMs: nowMs, limit: mostGaps, order: 'descending' });
      return gapFindings(gaps, nowMs);
    });
    await examination.check('backfill queue', async () => queueFindings((await queuedItems(configuration, logger)).map(jobOf), Date.now()));
    return saved;
  } finally {
    await store.close();
  }
}

async function examineGenerations({ configuration, logger, examination }: StoreExamination): Promise<number | undefined> {
  if (!hasTables(configuration)) {
    examination.add(skipped('generation', 'there is none: nothing was started with this DATA_DIR yet'));
    return firstGeneration;
  }
  const generations = openConfiguredGenerations(configuration, logger);
  try {
    const list = await examination.value('generation', () => generations.list());
    if (list !== undefined) examination.add(...generationFindings(list, foldVersion, Date.now()));
    return list?.find(({ state }) => state === 'serving')?.generation;
  } finally {
    await generations.close();
  }
}

async function examineSnapshots(
  store: MarketStore,
  { configuration, examination, log, newestMs }: StoreExamination,
): Promise<readonly SavedState[] | undefined> {
  if (log === undefined) {
    examination.add(skipped('snapshots', 'the log they are compared with gave no answer'));
    return undefined;
  }
  const found = await examination.value('snapshots', async () => {
    const saved: SavedState[] = [];
    const states: PartitionState[] = [];
    const partitions = await log.offsets(feedTopic.name);
    for (const { partition } of partitions) {
      const state = await savedState(store, configuration, partition, partitions.length);
      if (state !== undefined) saved.push(state);
    }
    // The log's end is asked for once more: snapshots go on while they are read, and none is beyond the end of then.
    for (const partition of await log.offsets(feedTopic.name)) {
      const snapshot = saved.find(state => state.partition === partition.partition);
      const isOfThisLog = snapshot === undefined || (await holds(log, partition, snapshot));
      states.push({ ...partition, snapshot, isOfThisLog });
    }
    return { saved, states };
  });
  if (found === undefined) return undefined;
  const { saved, states } = found;
  const { SNAPSHOT_INTERVAL_MS: intervalMs } = configuration;
  examination.add(...snapshotFindings(states, { newestMs, intervalMs, retentionMs: feedTopic.retentionMs }));
  return saved;
}

/** Whether the log still has the record that the snapshot remembers; true where retention has taken it. */
async function holds(
  log: Pick<MarketLog, 'read'>,
  { partition, lowOffset }: PartitionOffsets,
  { lastRecord }: SavedState,
): Promise<boolean> {
  if (lastRecord === undefined || lastRecord.offset < lowOffset) return true;
  return isStillThere(lastRecord, log, { topic: feedTopic.name, partition });
}

/** @throws PipelineError `snapshot.invalid` when it is broken, or a processor with these settings would refuse it. */
async function savedState(
  store: MarketStore,
  configuration: Configuration,
  partition: number,
  partitions: number,
): Promise<SavedState | undefined> {
  const { KAFKA_GROUP, BAR_INTERVALS: intervals, ALLOWED_LATENESS_MS, CORRECTION_HORIZON_MS } = configuration;
  const snapshot = await store.loadSnapshot({ consumerGroup: KAFKA_GROUP, topic: feedTopic.name, partition });
  if (snapshot === undefined) return undefined;
  const header = snapshotHeader(snapshot.state);
  refuseOther(header, {
    partition,
    partitions,
    intervals,
    allowedLatenessMs: ALLOWED_LATENESS_MS,
    correctionHorizonMs: CORRECTION_HORIZON_MS,
  });
  return {
    partition,
    nextOffset: snapshot.nextOffset,
    versionUs: snapshot.versionUs,
    lastRecord: header.lastRecord,
    rules: header.alerts?.rules ?? [],
    feeds: header.feeds,
  };
}

async function queuedItems(configuration: Configuration, logger: Logger): Promise<readonly WorkItem[]> {
  const work = openConfiguredWork(configuration, logger);
  if (work === undefined) {
    const folder = join(configuration.DATA_DIR, 'backfill', 'jobs');
    // To open it would make it.
    return existsSync(folder) ? new FileItems(folder).all() : [];
  }
  try {
    return await work.items('jobs').all();
  } finally {
    await work.close();
  }
}

/** Jobs are the backfiller's own affair: what cannot be read of one is left out. */
function jobOf({ text }: WorkItem): QueuedJob {
  try {
    const job: unknown = JSON.parse(text);
    if (typeof job !== 'object' || job === null) return {};
    return {
      ...('queuedMs' in job && typeof job.queuedMs === 'number' ? { queuedMs: job.queuedMs } : {}),
      ...('refused' in job && typeof job.refused === 'string' ? { refused: job.refused } : {}),
    };
  } catch {
    return {};
  }
}
