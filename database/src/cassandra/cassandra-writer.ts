/** Writes rows in batches of one partition each: a seventh of the cost of single writes, and no batch log. */
import type { StoreBatch, TickRow } from '../market-store.ts';
import { newestOfEachKey } from '../store-batch.ts';
import type { StoreMetrics } from '../store-metrics.ts';
import type { CassandraConnection, Statement } from './cassandra-connection.ts';
import { barTable, gapTable, instrumentTable, latestTable, tickTable } from './cassandra-tables.ts';
import type { InFlight } from './in-flight.ts';
import { statementsOf, type TableStatements } from './table-statements.ts';

export interface CassandraWriterOptions {
  readonly connection: CassandraConnection;
  readonly keyspace: string;
  readonly ticks: boolean;
  readonly tickRetentionMs: number | undefined;
  readonly inFlight: InFlight;
  readonly metrics: StoreMetrics;
}

const rowsOfBatch = 50;
const longestTtlSeconds = 630_720_000;

/** Gives the function that makes a batch durable. */
export function cassandraWriter(options: CassandraWriterOptions): (batch: StoreBatch) => Promise<void> {
  const { keyspace, connection, metrics, inFlight } = options;
  const ticks = statementsOf(keyspace, tickTable);
  const bars = statementsOf(keyspace, barTable);
  const latest = statementsOf(keyspace, latestTable);
  const gaps = statementsOf(keyspace, gapTable);
  const instruments = statementsOf(keyspace, instrumentTable);

  return async batch => {
    const rows = newestOfEachKey(batch);
    const batches = [
      ...batchesOf(ticks, options.ticks ? unexpired(rows.ticks, options) : [], row => ttlSecondsOf(row, options.tickRetentionMs)),
      ...batchesOf(bars, rows.bars),
      ...batchesOf(latest, rows.latest),
      ...batchesOf(gaps, rows.gaps),
      ...batchesOf(instruments, rows.instruments),
    ];
    const stop = metrics.writeSeconds.startTimer();
    await inFlight.runAll(
      batches.map(({ table, statements }) => async () => {
        await connection.batch(statements);
        metrics.rowsWritten.inc({ table }, statements.length);
      }),
    );
    stop();
  };
}

/**
 * Seconds that a tick is kept: its retention counts from its own time, and "now" is when it was received, as its version tells; so a
 * replay writes what the first run wrote. 0 keeps it for ever, a negative number says that it is over.
 */
export function ttlSecondsOf({ tick, versionUs }: TickRow, retentionMs: number | undefined): number {
  if (retentionMs === undefined) return 0;
  const leftSeconds = Math.ceil((tick.timeMs + retentionMs - versionUs / 1_000) / 1_000);
  return leftSeconds <= 0 ? -1 : Math.min(leftSeconds, longestTtlSeconds);
}

function unexpired(rows: readonly TickRow[], { tickRetentionMs, metrics }: CassandraWriterOptions): readonly TickRow[] {
  const kept = rows.filter(row => ttlSecondsOf(row, tickRetentionMs) >= 0);
  metrics.ticksExpired.inc(rows.length - kept.length);
  return kept;
}

interface PartitionBatch {
  readonly table: string;
  readonly statements: readonly Statement[];
}

function* batchesOf<Row>(
  statements: TableStatements<Row>,
  rows: readonly Row[],
  ttl: (row: Row) => number = () => 0,
): Generator<PartitionBatch> {
  const byPartition = new Map<string, Statement[]>();
  for (const row of rows) {
    const insert = statements.insert(row, ttl(row));
    const partition = statements.partitionOf(insert);
    const known = byPartition.get(partition);
    if (known === undefined) byPartition.set(partition, [insert]);
    else known.push(insert);
  }
  const table = statements.table.name;
  for (const inserts of byPartition.values()) {
    for (let i = 0; i < inserts.length; i += rowsOfBatch) yield { table, statements: inserts.slice(i, i + rowsOfBatch) };
  }
}
