/** What the store says of schemas, generations, snapshots, gaps and queues, judged. Pure. */
import { counted } from '@tapeline/core/counted';
import type { KeyspaceFacts, ServerFacts } from '@tapeline/database/cassandra/cassandra-inspection';
import type { Generation } from '@tapeline/database/generations';
import type { Gap } from '@tapeline/database/market-store';
import type { FeedState } from '../fold/outputs.ts';
import { type Finding, fault, foundOr, ok, spanText, warning } from './finding.ts';

const hourMs = 3_600_000;

export function keyspaceFindings(name: string, facts: KeyspaceFacts | undefined, server: ServerFacts): readonly Finding[] {
  const check = `keyspace ${name}`;
  if (facts === undefined) return [fault(check, 'it is not there', 'run the migrations, or correct CASSANDRA_KEYSPACE')];
  const wrong = [...schemaFindings(check, facts), ...replicationFindings(check, name, facts, server)];
  const replicas = [...facts.replicas].map(([dataCenter, copies]) => `${copies} in ${dataCenter}`).join(', ');
  return foundOr(ok(check, `schema ${facts.schema}, copies: ${replicas}`), wrong);
}

function schemaFindings(check: string, { schema, expectedSchema }: KeyspaceFacts): Finding[] {
  if (schema < expectedSchema) {
    return [
      fault(
        check,
        `its schema is ${schema}, expected ${expectedSchema}`,
        'run the migrations (npm run migrations -- migrate; in a cluster the Job migrations)',
      ),
    ];
  }
  if (schema === expectedSchema) return [];
  return [warning(check, `its schema is ${schema}, newer than this program knows (${expectedSchema})`, 'upgrade this program')];
}

function replicationFindings(check: string, name: string, { replicas }: KeyspaceFacts, { dataCenter, nodes }: ServerFacts): Finding[] {
  const copies = replicas.get(dataCenter) ?? replicas.get('replication_factor') ?? 0;
  const alter = (wanted: number) =>
    `ALTER KEYSPACE ${name} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCenter}': ${wanted}}, then nodetool repair -full`;
  if (copies === 0) return [fault(check, `it has no copies in ${dataCenter}, where this program asks`, alter(Math.min(3, nodes)))];
  if (copies > nodes)
    return [fault(check, `${copies} copies on ${counted(nodes, 'node')} of ${dataCenter}: a quorum may not be had`, alter(nodes))];
  if (copies < Math.min(3, nodes)) {
    return [
      warning(
        check,
        `${counted(copies, 'copy', 'copies')} on ${nodes} nodes: a node that is away stops the writes`,
        alter(Math.min(3, nodes)),
      ),
    ];
  }
  return [];
}

export function clockFindings({ aheadMs, plusMinusMs }: { readonly aheadMs: number; readonly plusMinusMs: number }): readonly Finding[] {
  const apartMs = Math.max(0, Math.abs(aheadMs) - plusMinusMs);
  const what = `${spanText(Math.abs(aheadMs))} ${aheadMs >= 0 ? 'behind' : 'ahead of'} Cassandra's (± ${spanText(plusMinusMs)})`;
  if (apartMs < 1_000) return [ok('clock', what)];
  return [(apartMs < 30_000 ? warning : fault)('clock', what, 'set the clocks of both by NTP: stamps and what expires follow them')];
}

export function generationFindings(generations: readonly Generation[], foldVersion: number, nowMs: number): readonly Finding[] {
  const check = 'generation';
  const serving = generations.find(({ state }) => state === 'serving');
  if (serving === undefined) return [fault(check, 'none serves', 'see tapeline generations, and switch to one that is ready')];
  const wrong: Finding[] = [];
  if (serving.foldVersion !== foldVersion) {
    const what = `${serving.generation} serves, made by fold version ${serving.foldVersion}; this program has ${foldVersion}, and its processors leave it alone`;
    wrong.push(fault(check, what, 'run tapeline rebuild, or the former program'));
  }
  for (const { generation, sinceMs } of generations.filter(({ state }) => state === 'building')) {
    if (nowMs - sinceMs < 24 * hourMs) continue;
    const remedy = `run tapeline rebuild, which goes on with it, or tapeline generations --drop ${generation}`;
    wrong.push(warning(check, `${generation} is being built, begun ${spanText(nowMs - sinceMs)} ago`, remedy));
  }
  return foundOr(ok(check, `${serving.generation} serves, by fold version ${foldVersion}`), wrong);
}

export interface PartitionState {
  readonly partition: number;
  readonly lowOffset: number;
  readonly highWatermark: number;
  readonly snapshot: { readonly nextOffset: number; readonly versionUs: number } | undefined;
  /** The log still has the record by which the snapshot knows it. @default true */
  readonly isOfThisLog?: boolean;
}

export interface SnapshotExpectation {
  /** The log's newest time: while no feed writes, no snapshot is due. */
  readonly newestMs: number;
  /** `SNAPSHOT_INTERVAL_MS`. */
  readonly intervalMs: number;
  /** Of the feed topic. */
  readonly retentionMs: number;
}

const otherLogRemedy =
  'name the right log (KAFKA_BROKERS, KAFKA_TOPIC_PREFIX, DATA_DIR); where it was made anew, run tapeline rebuild --whole, or start with an empty store';

export function snapshotFindings(partitions: readonly PartitionState[], expected: SnapshotExpectation): readonly Finding[] {
  const check = 'snapshots';
  const filled = partitions.filter(({ highWatermark }) => highWatermark > 0);
  const saved = filled.flatMap(({ snapshot, ...rest }) => (snapshot === undefined ? [] : [{ ...rest, ...snapshot }]));
  const ages = saved.map(({ versionUs }) => expected.newestMs - versionUs / 1_000);
  const wrong: Finding[] = [];
  const tooOld = saved.filter(({ nextOffset, lowOffset }) => nextOffset < lowOffset);
  if (tooOld.length > 0) {
    const what = `older than the log's start in ${listOf(tooOld)}: processors refuse them (snapshot.too-old)`;
    wrong.push(fault(check, what, 'run tapeline rebuild --shorter'));
  }
  const beyond = saved.filter(({ nextOffset, highWatermark }) => nextOffset > highWatermark);
  if (beyond.length > 0) {
    const what = `beyond the log's end in ${listOf(beyond)}: this store belongs to another log`;
    wrong.push(fault(check, what, otherLogRemedy));
  }
  const others = saved.filter(({ isOfThisLog = true, nextOffset, highWatermark }) => !isOfThisLog && nextOffset <= highWatermark);
  if (others.length > 0) {
    const what = `made of other records than the log has in ${listOf(others)}: it was made anew or has lost its end, and processors refuse them (snapshot.invalid)`;
    wrong.push(fault(check, what, otherLogRemedy));
  }
  const without = filled.filter(({ snapshot }) => snapshot === undefined);
  if (without.length > 0) {
    wrong.push(warning(check, `none yet in ${listOf(without)}`, 'start the processors; after a first start it is there within seconds'));
  }
  // In a partition whose log rests none is due.
  const behind = saved.filter(({ nextOffset, highWatermark }) => nextOffset < highWatermark);
  const stale = behind.filter(({ versionUs }) => expected.newestMs - versionUs / 1_000 > 60_000 + 3 * expected.intervalMs);
  const oldestMs = Math.max(0, ...stale.map(({ versionUs }) => expected.newestMs - versionUs / 1_000));
  if (stale.length > 0) {
    const until = oldestMs > expected.retentionMs / 2 ? `; after ${spanText(expected.retentionMs)} the log forgets what they need` : '';
    wrong.push(
      warning(
        check,
        `up to ${spanText(oldestMs)} behind the log in ${listOf(stale)}${until}`,
        'check whether processors run, and what their logs say',
      ),
    );
  }
  return foundOr(
    ok(
      check,
      saved.length === 0 ? 'none yet, and the log is empty' : `${saved.length}, at most ${spanText(Math.max(...ages))} behind the log`,
    ),
    wrong,
  );
}

/** Feeds whose newest session is of a simulated market. @param feeds as the snapshots know them, each maybe several times. */
export function marketFindings(feeds: readonly Pick<FeedState, 'feed' | 'session' | 'simulated'>[]): readonly Finding[] {
  const newest = new Map(feeds.toSorted((a, b) => a.session - b.session).map(({ feed, simulated }) => [feed, simulated]));
  const remedy = 'for real ones take a log and a store of their own, and an ingester with the key of the vendor';
  return [...newest].flatMap(([feed, simulated]) => (simulated ? [warning(`market ${feed}`, 'its prices are simulated', remedy)] : []));
}

/** @param gaps of the last week. */
export function gapFindings(gaps: readonly Gap[], nowMs: number): readonly Finding[] {
  const open = gaps.filter(({ filled }) => !filled);
  const overdue = open.filter(({ toMs }) => nowMs - toMs > hourMs);
  const what = `${open.length} of ${gaps.length} of the last week are not filled`;
  if (overdue.length === 0) return [ok('gaps', what)];
  const oldestMs = nowMs - Math.min(...overdue.map(({ toMs }) => toMs));
  const remedy = 'check that the backfiller runs, has a key and credits (backfill_ metrics); what the vendor has no bars for stays so';
  return [warning('gaps', `${what}, ${overdue.length} of them for more than an hour, the oldest for ${spanText(oldestMs)}`, remedy)];
}

/** A job of the backfiller, as far as it says so. */
export interface QueuedJob {
  readonly queuedMs?: number;
  readonly refused?: string;
}

export function queueFindings(jobs: readonly QueuedJob[], nowMs: number): readonly Finding[] {
  const check = 'backfill queue';
  const refused = jobs.flatMap(({ refused: reason }) => (reason === undefined ? [] : [reason]));
  if (refused.length > 0) {
    return [
      warning(
        check,
        `the vendor refuses ${refused.length} of ${counted(jobs.length, 'job')}: ${refused[0]}`,
        'see the plan and SYMBOLS; they are asked for again every 6 h',
      ),
    ];
  }
  const oldestMs = nowMs - Math.min(nowMs, ...jobs.flatMap(({ queuedMs }) => (queuedMs === undefined ? [] : [queuedMs])));
  const what = jobs.length === 0 ? 'empty' : `${counted(jobs.length, 'job')}, the oldest from ${spanText(oldestMs)} ago`;
  if (oldestMs < 24 * hourMs) return [ok(check, what)];
  return [warning(check, what, 'check that the backfiller runs, and TWELVE_DATA_CREDITS_PER_MINUTE and …_PER_DAY')];
}

function listOf(partitions: readonly { readonly partition: number }[]): string {
  const numbers = partitions.map(({ partition }) => partition);
  const shown = numbers.length <= 8 ? numbers.join(', ') : `${numbers.slice(0, 8).join(', ')} …`;
  return `${numbers.length === 1 ? 'partition' : 'partitions'} ${shown}`;
}
