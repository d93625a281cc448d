/** Turns the rows of a batch into inserts and hands them to the sink of this store. */
import type { StoreBatch, TickRow } from '../market-store.ts';
import { measuredWrite, type StoreMetrics } from '../store-metrics.ts';
import type { CassandraConnection } from './cassandra-connection.ts';
import { alertTable, barTable, gapTable, instrumentTable, latestTable, tickTable } from './cassandra-tables.ts';
import type { SinkRow, WaitingRow } from './row-queue.ts';
import { RowSink } from './row-sink.ts';
import { statementsOf, type TableStatements } from './table-statements.ts';

export interface CassandraWriterOptions {
  readonly connection: CassandraConnection;
  readonly keyspace: string;
  readonly ticks: boolean;
  readonly tickRetentionMs: number | undefined;
  readonly metrics: StoreMetrics;
}

const longestTtlSeconds = 630_720_000;

/** Gives the function that makes a batch durable. */
export function cassandraWriter(options: CassandraWriterOptions): (batch: StoreBatch) => Promise<void> {
  const { keyspace, connection, metrics } = options;
  const ticks = statementsOf(keyspace, tickTable);
  const bars = statementsOf(keyspace, barTable);
  const latest = statementsOf(keyspace, latestTable);
  const gaps = statementsOf(keyspace, gapTable);
  const alerts = statementsOf(keyspace, alertTable);
  const instruments = statementsOf(keyspace, instrumentTable);
  const sink = new RowSink({
    send: statements => connection.batch(statements),
    replicasOf: connection.replicaGroups(keyspace),
    written: rows => count(rows, metrics),
    waitingRows: metrics.waitingRows,
    inFlightRows: metrics.inFlightRows,
  });
  function* rowsOf(batch: StoreBatch): Generator<SinkRow> {
    yield* sinkRows(bars, batch.bars);
    yield* sinkRows(gaps, batch.gaps);
    yield* sinkRows(alerts, batch.alerts);
    yield* sinkRows(instruments, batch.instruments);
    yield* sinkRows(latest, batch.latest, { isPatient: true });
    if (!options.ticks) return;
    const ttl = (row: TickRow): number => ttlSecondsOf(row, options.tickRetentionMs);
    yield* sinkRows(ticks, unexpired(batch.ticks, options), { isPatient: true, ttl });
  }

  return batch => measuredWrite(metrics, () => sink.write(rowsOf(batch)));
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

interface SinkRowOptions<Row> {
  readonly isPatient?: boolean;
  /** In seconds. @default for ever */
  readonly ttl?: (row: Row) => number;
}

function* sinkRows<Row>(statements: TableStatements<Row>, rows: Iterable<Row>, options: SinkRowOptions<Row> = {}): Generator<SinkRow> {
  const { table } = statements;
  const { isPatient = false, ttl = () => 0 } = options;
  for (const row of rows) {
    yield {
      table: table.name,
      partition: table.partitionOf(row),
      key: table.rowKeyOf(row),
      versionUs: table.shape.versionOf(row),
      isPatient,
      insert: () => statements.insert(row, ttl(row)),
    };
  }
}

function count(rows: readonly WaitingRow[], metrics: StoreMetrics): void {
  const byTable = new Map<string, number>();
  for (const { row } of rows) byTable.set(row.table, (byTable.get(row.table) ?? 0) + 1);
  for (const [table, written] of byTable) metrics.rowsWritten.inc({ table }, written);
}
