/** Tables of `market.sqlite`: how a row is written so that the newer version wins, and how rows are read. */
import type { StatementSync } from 'node:sqlite';
import type { Bar } from '@tapeline/core/bars';
import type { Gap, InstrumentRow, LatestPrice, TickRow } from '../market-store.ts';
import { barRows } from '../rows/bar-rows.ts';
import type { Cell, Cells, RowShape } from '../rows/cells.ts';
import { gapRows } from '../rows/gap-rows.ts';
import { instrumentRows } from '../rows/instrument-rows.ts';
import { latestRows } from '../rows/latest-rows.ts';
import { tickRows } from '../rows/tick-rows.ts';

export interface SqliteTable<Row> {
  readonly name: string;
  readonly shape: RowShape<Row>;
  /** Inserts a row, or changes it when this version is newer; a repeated or older one changes nothing. */
  readonly upsert: string;
  /** `SELECT` of all columns, to be completed with a condition. */
  readonly select: string;
}

export const tickTable: SqliteTable<TickRow> = table('ticks', tickRows, ['symbol', 'time', 'session', 'sequence']);
export const barTable: SqliteTable<Bar> = table('bars', barRows, ['symbol', 'interval', 'start']);
export const latestTable: SqliteTable<LatestPrice> = table('latest', latestRows, ['symbol']);
export const gapTable: SqliteTable<Gap> = table('gaps', gapRows, ['time', 'symbol', 'reason']);
export const instrumentTable: SqliteTable<InstrumentRow> = table('instruments', instrumentRows, ['symbol']);

/** Writes rows with a prepared {@link SqliteTable.upsert}. */
export function upsertRows<Row>(statement: StatementSync, { shape }: SqliteTable<Row>, rows: readonly Row[]): void {
  for (const row of rows) statement.run(...shape.cellsOf(row).map(boundValue), shape.versionOf(row));
}

/** Rows of a {@link SqliteTable.select}. */
export function rowsOf<Row>({ shape }: SqliteTable<Row>, records: readonly Record<string, unknown>[]): readonly Row[] {
  return records.map(record => shape.rowOf(cellsOf(record), Number(record.version_us)));
}

function table<Row>(name: string, shape: RowShape<Row>, key: readonly string[]): SqliteTable<Row> {
  const columns = [...shape.columns, 'version_us'];
  const changes = columns.filter(column => !key.includes(column)).map(column => `${column} = excluded.${column}`);
  return {
    name,
    shape,
    upsert: `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
      ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes.join(', ')} WHERE excluded.version_us > ${name}.version_us`,
    select: `SELECT ${columns.join(', ')} FROM ${name}`,
  };
}

function boundValue(cell: Cell): string | number | null {
  if (cell === undefined) return null;
  return typeof cell === 'boolean' ? Number(cell) : cell;
}

function cellsOf(record: Record<string, unknown>): Cells {
  return Object.fromEntries(Object.entries(record).map(([column, value]) => [column, value === null ? undefined : (value as Cell)]));
}
