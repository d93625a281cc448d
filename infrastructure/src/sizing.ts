/**
 * How large a cluster has to be: a formula from the number of symbols to partitions, disks and memory. `docs/sizing.md` shows its
 * results; `sizing.cluster.integration.test.ts` measures on real servers what it reckons with.
 */
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import { barsTopic, feedTopic } from '@tapeline/core/topics';

const dayMs = 86_400_000;
const mebibyte = 1_048_576;
const gibibyte = 1_024 * mebibyte;

/** Bytes, each held by a test to within a tenth, rows of Cassandra to within a fifth. */
export const measured = {
  /** A tick with everything that TwelveData sends, as JSON, and its key. */
  tickRecord: 306,
  heartbeatRecord: 179,
  /** A bar with every indicator, and its key. */
  barRecord: 691,
  /** What Kafka adds to a record, and to each batch of records. Nothing is compressed. */
  recordOverhead: 9.5,
  batchOverhead: 61,
  /** A row on the disk of one replica, with everything in it: compressed, indexed, with its expiry. */
  tickRow: 49,
  barRow: 132,
  /** What a processor keeps of a symbol with all intervals: in memory, and in a snapshot. */
  symbolMemory: 5_000,
  symbolSnapshot: 5_200,
} as const;

/** What nothing here has measured: rules of thumb, on the careful side. */
export const assumed = {
  /** Ticks a second that one processor makes durable (the fold alone does more than ten times as many). */
  ticksPerProcessor: 3_000,
  /** Ticks a second that one partition takes. */
  ticksPerPartition: 5_000,
  /** Batches a second of one partition at most: one is in flight at a time. */
  batchesPerPartition: 100,
  heartbeatsPerSecond: 4,
  /** A segment goes as a whole, so this much is kept beyond the retention; topics and brokers are set so. */
  segmentMs: dayMs / 4,
  /** Disks are not filled beyond it. */
  fill: 0.7,
  /** Room that compaction needs beside the data. */
  compactionHeadroom: 1.5,
  /** An expired window of ticks goes after the grace for tombstones (10 days) and its own day. */
  expiryDays: 11,
  /** Bytes on one Cassandra node; beyond it repairs and replacements take too long. */
  nodeBytes: 1_024 * gibibyte,
  /** Rows a second on one node, replicas included: two cores, in batches of one partition. */
  rowsPerNode: 10_000,
  /** Bytes a second that snapshots may take of the store. */
  snapshotBytesPerSecond: 5 * mebibyte,
  /** What consumers that were away for so long read is still in the brokers' page cache. */
  cacheSeconds: 600,
  processorBase: 160 * mebibyte,
} as const;

export interface Workload {
  readonly symbols: number;
  /** Mean of the whole day. */
  readonly ticksPerSymbolSecond: number;
  /** The busiest minute against the mean. */
  readonly peakFactor: number;
  readonly intervals: readonly Interval[];
  readonly tickRetentionDays: number;
  /** Bars are kept for ever: for how many years the disks are to do. */
  readonly barYears: number;
  readonly replicationFactor: 1 | 3;
  /** @default enough for the peak, and for 24 processors */
  readonly partitions?: number;
}

export interface Sizing {
  readonly ticksPerSecond: number;
  readonly peakTicksPerSecond: number;
  readonly barsPerSecond: number;
  readonly partitions: number;
  readonly kafka: { readonly brokers: number; readonly bytesPerDay: number; readonly diskBytes: number; readonly memoryBytes: number };
  readonly processors: { readonly count: number; readonly memoryBytes: number; readonly snapshotIntervalMs: number };
  readonly cassandra: {
    readonly nodes: number;
    readonly tickBytes: number;
    readonly barBytes: number;
    readonly diskBytes: number;
    readonly memoryBytes: number;
  };
}

/** Disks and memory are those of one broker and of one node; bytes of Cassandra's rows are of one replica. */
export function sizingOf(workload: Workload): Sizing {
  const { symbols, ticksPerSymbolSecond, peakFactor } = workload;
  const ticksPerSecond = symbols * ticksPerSymbolSecond;
  const peakTicksPerSecond = ticksPerSecond * peakFactor;
  const barsPerSecond = symbols * barsPerSymbolSecond(workload);
  const partitions = workload.partitions ?? 24 * Math.max(1, Math.ceil(peakTicksPerSecond / assumed.ticksPerPartition / 24));
  return {
    ticksPerSecond,
    peakTicksPerSecond,
    barsPerSecond,
    partitions,
    kafka: kafkaSizing(workload, ticksPerSecond, barsPerSecond, partitions),
    processors: processorSizing(symbols, peakTicksPerSecond, partitions),
    cassandra: cassandraSizing(workload, ticksPerSecond, barsPerSecond),
  };
}

/** Bytes that records of one partition take in its log. */
export function logBytes(records: number, batches: number, recordBytes: number): number {
  return records * (recordBytes + measured.recordOverhead) + batches * measured.batchOverhead;
}

/** Windows in which at least one tick falls, when ticks come at random: a quiet window has no bar. */
function barsPerSymbolSecond({ intervals, ticksPerSymbolSecond }: Workload): number {
  return intervals.reduce((sum, interval) => {
    const seconds = intervalMs(interval) / 1_000;
    return sum + (1 - Math.exp(-ticksPerSymbolSecond * seconds)) / seconds;
  }, 0);
}

function kafkaSizing({ replicationFactor }: Workload, ticksPerSecond: number, barsPerSecond: number, partitions: number): Sizing['kafka'] {
  const { heartbeatsPerSecond, segmentMs, fill, cacheSeconds } = assumed;
  const heartbeats = partitions * heartbeatsPerSecond;
  const feed =
    logBytes(ticksPerSecond, batches(ticksPerSecond + heartbeats, partitions), measured.tickRecord) +
    logBytes(heartbeats, 0, measured.heartbeatRecord);
  const bars = logBytes(barsPerSecond, batches(barsPerSecond, partitions), measured.barRecord);
  const kept = (feed * (feedTopic.retentionMs + segmentMs) + bars * (barsTopic.retentionMs + segmentMs)) / 1_000;
  const brokers = replicationFactor;
  const perBroker = replicationFactor / brokers;
  const heap = brokers === 1 ? 0.5 * gibibyte : 2 * gibibyte;
  return {
    brokers,
    bytesPerDay: (feed + bars) * (dayMs / 1_000),
    diskBytes: (kept * perBroker) / fill,
    memoryBytes: heap + Math.max(heap / 2, (feed + bars) * perBroker * cacheSeconds),
  };
}

function batches(recordsPerSecond: number, partitions: number): number {
  return Math.min(recordsPerSecond, partitions * assumed.batchesPerPartition);
}

function processorSizing(symbols: number, peakTicksPerSecond: number, partitions: number): Sizing['processors'] {
  const count = Math.min(partitions, Math.max(2, Math.ceil(peakTicksPerSecond / assumed.ticksPerProcessor)));
  const state = (symbols / count) * measured.symbolMemory;
  // A snapshot is numbers, then bytes, then chunks, of one partition at a time; garbage is collected when there is as much of it.
  const saving = (symbols / partitions) * measured.symbolSnapshot * 3;
  const intervalMs = Math.max(10_000, (symbols * measured.symbolSnapshot * 1_000) / assumed.snapshotBytesPerSecond);
  return {
    count,
    memoryBytes: assumed.processorBase + 2 * state + saving,
    snapshotIntervalMs: Math.ceil(intervalMs / 10_000) * 10_000,
  };
}

function cassandraSizing(workload: Workload, ticksPerSecond: number, barsPerSecond: number): Sizing['cassandra'] {
  const { symbols, tickRetentionDays, barYears, replicationFactor } = workload;
  const daySeconds = dayMs / 1_000;
  const tickDays = tickRetentionDays === 0 ? 0 : tickRetentionDays + assumed.expiryDays;
  const tickBytes = ticksPerSecond * daySeconds * tickDays * measured.tickRow;
  const barBytes = barsPerSecond * daySeconds * 365 * barYears * measured.barRow;
  // A snapshot that was replaced goes when it is compacted: some ten stand on the disk.
  const snapshots = 10 * symbols * measured.symbolSnapshot;
  const all = ((tickBytes + barBytes + snapshots) * replicationFactor * assumed.compactionHeadroom) / assumed.fill;
  const rows = (ticksPerSecond + barsPerSecond) * workload.peakFactor * replicationFactor;
  const needed = Math.max(replicationFactor, Math.ceil(all / assumed.nodeBytes), Math.ceil(rows / assumed.rowsPerNode));
  const nodes = replicationFactor * Math.ceil(needed / replicationFactor);
  const heap = replicationFactor === 1 ? 0.5 * gibibyte : (rows / nodes > 2_000 ? 8 : 4) * gibibyte;
  return { nodes, tickBytes, barBytes, diskBytes: all / nodes, memoryBytes: replicationFactor === 1 ? 3 * heap : 2 * heap };
}
