/** The CQL of one table: rows into inserts with their own write time, and what was read back into rows. */
import cassandra from 'cassandra-driver';
import type { Cell, Cells } from '../rows/cells.ts';
import type { Statement } from './cassandra-connection.ts';
import type { CassandraTable } from './cassandra-tables.ts';

const { Long, unset } = cassandra.types;

export interface TableStatements<Row> {
  readonly table: CassandraTable<Row>;
  /** `SELECT` of all columns with their write times, to be completed with a condition. */
  readonly select: string;
  /** The insert of one row; it expires after `ttlSeconds`, 0 keeps it for ever. */
  insert(row: Row, ttlSeconds: number): Statement;
  /** A row from what the driver read. */
  rowOf(record: Readonly<Record<string, unknown>>): Row;
}

/** The statements of a table in a keyspace. */
export function statementsOf<Row>(keyspace: string, table: CassandraTable<Row>): TableStatements<Row> {
  const { shape, absent } = table;
  const columns = [...table.added, ...shape.columns];
  const places = columns.map(() => '?').join(', ');
  const query = `INSERT INTO ${keyspace}.${table.name} (${columns.join(', ')}) VALUES (${places}) USING TIMESTAMP ? AND TTL ?`;
  const absentValue = (row: Row) => (absent.are === 'cleared' && absent.when(row) ? null : unset);
  return {
    table,
    select: selectOf(keyspace, table),
    insert: (row, ttlSeconds) => {
      const nothing = absentValue(row);
      const kept = shape.kept?.by(row) ? shape.kept.columns : [];
      const absentIn = (column: string | undefined) => (column !== undefined && kept.includes(column) ? unset : nothing);
      const values = shape.cellsOf(row).map((cell, index) => (cell === undefined ? absentIn(shape.columns[index]) : cell));
      return { query, params: [...table.addedOf(row), ...values, shape.versionOf(row), ttlSeconds] };
    },
    rowOf: record => {
      const cells = Object.fromEntries(Object.entries(record).map(([column, value]) => [column, cellOf(value)]));
      const versionUs = Number(cells.version_us);
      return shape.rowOf(absent.are === 'outdated' ? withoutOutdated(cells, shape.optional, versionUs) : cells, versionUs);
    },
  };
}

function selectOf<Row>(keyspace: string, { name, shape, witness, absent }: CassandraTable<Row>): string {
  const timed = absent.are === 'outdated' ? shape.optional : [];
  const writeTimes = timed.map(column => `WRITETIME(${column}) AS ${writeTimeOf(column)}`);
  return `SELECT ${[...shape.columns, `WRITETIME(${witness}) AS version_us`, ...writeTimes].join(', ')} FROM ${keyspace}.${name}`;
}

function withoutOutdated(cells: Cells, optional: readonly string[], versionUs: number): Cells {
  const outdated = optional.filter(column => cells[column] !== undefined && cells[writeTimeOf(column)] !== versionUs);
  return { ...cells, ...Object.fromEntries(outdated.map(column => [column, undefined])) };
}

function writeTimeOf(column: string): string {
  return `${column}_written`;
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Date) return value.getTime();
  if (value instanceof Long) return value.toNumber();
  return value as Cell;
}
