/** Tables of `market.sqlite`: how a row is written so that the newer version wins, and how rows are read. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { Gap, InstrumentRow, LatestPrice, TickRow } from '../market-store.ts';
import { alertRows } from '../rows/alert-rows.ts';
import { barRows } from '../rows/bar-rows.ts';
import type { Cell, Cells, RowShape } from '../rows/cells.ts';
import { gapRows } from '../rows/gap-rows.ts';
import { instrumentRows } from '../rows/instrument-rows.ts';
import { latestRows } from '../rows/latest-rows.ts';
import { tickRows } from '../rows/tick-rows.ts';

export interface SqliteTable<Row> {
  readonly name: string;
  readonly shape: RowShape<Row>;
  /** Inserts the row, or changes it when this version is newer; a repeated or older one changes nothing. */
  upsertOf(row: Row): string;
  /** `SELECT` of all columns, to be completed with a condition. */
  readonly select: string;
}

export const tickTable: SqliteTable<TickRow> = table('ticks', tickRows, ['symbol', 'time', 'session', 'sequence']);
export const barTable: SqliteTable<Bar> = table('bars', barRows, ['symbol', 'interval', 'start']);
export const latestTable: SqliteTable<LatestPrice> = table('latest', latestRows, ['symbol']);
export const gapTable: SqliteTable<Gap> = table('gaps', gapRows, ['time', 'symbol', 'reason']);
export const alertTable: SqliteTable<Alert> = table('alerts', alertRows, ['time', 'symbol', 'id']);
export const instrumentTable: SqliteTable<InstrumentRow> = table('instruments', instrumentRows, ['symbol']);

/** What a {@link SqliteTable.upsertOf} is run with. */
export function boundValuesOf<Row>({ shape }: SqliteTable<Row>, row: Row): (string | number | null)[] {
  return [...shape.cellsOf(row).map(boundValue), shape.versionOf(row)];
}

/** Rows of a {@link SqliteTable.select}. */
export function rowsOf<Row>({ shape }: SqliteTable<Row>, records: readonly Record<string, unknown>[]): readonly Row[] {
  return records.map(record => shape.rowOf(cellsOf(record), Number(record.version_us)));
}

function table<Row>(name: string, shape: RowShape<Row>, key: readonly string[]): SqliteTable<Row> {
  const columns = [...shape.columns, 'version_us'];
  const upsert = (unchanged: readonly string[]) => {
    const changes = columns.filter(column => !unchanged.includes(column)).map(column => `${column} = excluded.${column}`);
    return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
      ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes.join(', ')} WHERE excluded.version_us > ${name}.version_us`;
  };
  const whole = upsert(key);
  const keeping = upsert([...key, ...(shape.kept?.columns ?? [])]);
  return {
    name,
    shape,
    upsertOf: row => (shape.kept?.by(row) ? keeping : whole),
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
