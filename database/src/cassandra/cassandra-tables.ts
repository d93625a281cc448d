/** Tables of the keyspace (DESIGN.md §6): what their partition keys are made of, and what becomes of absent values. */
import type { Alert } from '@tapeline/core/alerts';
import { type Bar, isOfHistory } from '@tapeline/core/bars';
import type { Gap, InstrumentRow, LatestPrice, TickRow } from '../market-store.ts';
import { alertRows } from '../rows/alert-rows.ts';
import { barRows } from '../rows/bar-rows.ts';
import type { RowShape } from '../rows/cells.ts';
import { gapRows } from '../rows/gap-rows.ts';
import { instrumentRows } from '../rows/instrument-rows.ts';
import { latestRows } from '../rows/latest-rows.ts';
import { tickRows } from '../rows/tick-rows.ts';
import { barBucketSpan, bucketOf } from './buckets.ts';

export interface CassandraTable<Row> {
  readonly name: string;
  readonly shape: RowShape<Row>;
  readonly partitionKey: readonly string[];
  /** Columns that only Cassandra has, written before those of the shape. */
  readonly added: readonly string[];
  addedOf(row: Row): readonly string[];
  /** Values of the partition key, in its order. */
  partitionOf(row: Row): readonly string[];
  /** The same for versions of a row of which the newer replaces the older whole, and for no other row of its partition. */
  rowKeyOf(row: Row): string | number;
  /** A column that no row is without: its write time is the row's version. */
  readonly witness: string;
  readonly absent: AbsentValues<Row>;
}

/**
 * A newer row replaces an older one whole, but for `RowShape.kept`, also where it has no value any more; Cassandra merges cell by cell.
 * - `never-replaced`: one version of a row is all that there is
 * - `cleared`: rows that replace another write tombstones, so that Grafana too sees no stale value
 * - `outdated`: the older value stays and reads pass over it, because its write time is not the row's; for rows that change so often
 *   that tombstones would be most of what a read has to look at
 */
export type AbsentValues<Row> =
  | { readonly are: 'never-replaced' }
  | { readonly are: 'cleared'; when(row: Row): boolean }
  | { readonly are: 'outdated' };

/** The only board that there is so far. */
export const board = 'all';

export const tickTable: CassandraTable<TickRow> = {
  name: 'ticks_by_symbol_hour',
  shape: tickRows,
  partitionKey: ['symbol', 'hour'],
  added: ['hour'],
  addedOf: ({ tick }) => [bucketOf('hour', tick.timeMs)],
  partitionOf: ({ tick }) => [tick.symbol, bucketOf('hour', tick.timeMs)],
  rowKeyOf: ({ tick }) => `${tick.timeMs}/${tick.session}/${tick.sequence}`,
  witness: 'price',
  absent: { are: 'never-replaced' },
};

export const barTable: CassandraTable<Bar> = {
  name: 'bars_by_symbol_interval',
  shape: barRows,
  partitionKey: ['symbol', 'interval', 'bucket'],
  added: ['bucket'],
  addedOf: bar => [bucketOf(barBucketSpan(bar.interval), bar.startMs)],
  partitionOf: bar => [bar.symbol, bar.interval, bucketOf(barBucketSpan(bar.interval), bar.startMs)],
  rowKeyOf: bar => (isOfHistory(bar) ? `history/${bar.startMs}` : bar.startMs),
  witness: 'close',
  absent: { are: 'cleared', when: bar => bar.revision > 0 || bar.flags.includes('reconciled') },
};

export const latestTable: CassandraTable<LatestPrice> = {
  name: 'latest_by_board',
  shape: latestRows,
  partitionKey: ['board'],
  added: ['board'],
  addedOf: () => [board],
  partitionOf: () => [board],
  rowKeyOf: row => row.symbol,
  witness: 'price',
  absent: { are: 'outdated' },
};

export const gapTable: CassandraTable<Gap> = {
  name: 'gaps_by_day',
  shape: gapRows,
  partitionKey: ['day'],
  added: ['day', 'id'],
  addedOf: gap => [bucketOf('day', gap.fromMs), gap.reason],
  partitionOf: gap => [bucketOf('day', gap.fromMs)],
  rowKeyOf: gap => JSON.stringify([gap.fromMs, gap.symbol, gap.reason]),
  witness: 'to_time',
  absent: { are: 'never-replaced' },
};

export const alertTable: CassandraTable<Alert> = {
  name: 'alerts_by_day',
  shape: alertRows,
  partitionKey: ['day'],
  added: ['day'],
  addedOf: alert => [bucketOf('day', alert.timeMs)],
  partitionOf: alert => [bucketOf('day', alert.timeMs)],
  rowKeyOf: alert => alert.id,
  witness: 'message',
  absent: { are: 'never-replaced' },
};

export const instrumentTable: CassandraTable<InstrumentRow> = {
  name: 'instruments_by_board',
  shape: instrumentRows,
  partitionKey: ['board'],
  added: ['board'],
  addedOf: () => [board],
  partitionOf: () => [board],
  rowKeyOf: row => row.instrument.symbol,
  witness: 'received_time',
  absent: { are: 'outdated' },
};
