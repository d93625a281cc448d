/** Reads rows back: ranges over their buckets, and the tables that are one partition. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import {
  type BarTotals,
  defaultRangeLimit,
  type Gap,
  type InstrumentRow,
  type LatestPrice,
  type MarketStore,
  type RangeQuery,
  type TickRow,
} from '../market-store.ts';
import { walkBuckets } from './bucket-walk.ts';
import { type BucketSpan, barBucketSpan } from './buckets.ts';
import type { CassandraConnection, Statement } from './cassandra-connection.ts';
import { alertTable, barTable, board, type CassandraTable, gapTable, instrumentTable, latestTable, tickTable } from './cassandra-tables.ts';
import { statementsOf } from './table-statements.ts';

const rowsOfPage = 5_000;

interface RangeRead<Row> {
  readonly table: CassandraTable<Row>;
  readonly span: BucketSpan;
  /** Columns of the partition key before the bucket, with their values. */
  readonly key: readonly (readonly [column: string, value: string])[];
  readonly bucketColumn: string;
  readonly timeColumn: string;
  /** All clustering columns: Cassandra reverses them together. */
  readonly clustering: readonly string[];
  readonly query: RangeQuery;
}

export class CassandraReader {
  readonly #connection: CassandraConnection;
  readonly #keyspace: string;

  constructor(connection: CassandraConnection, keyspace: string) {
    this.#connection = connection;
    this.#keyspace = keyspace;
  }

  bars(query: RangeQuery & { readonly symbol: string; readonly interval: Interval }): Promise<readonly Bar[]> {
    return this.#range({
      table: barTable,
      span: barBucketSpan(query.interval),
      key: barKey(query.symbol, query.interval),
      bucketColumn: 'bucket',
      timeColumn: 'start',
      clustering: ['start'],
      query,
    });
  }

  async barTotals({ symbol, interval, ...query }: Parameters<MarketStore['barTotals']>[0]): Promise<BarTotals> {
    const conditions = 'symbol = ? AND interval = ? AND bucket = ? AND start >= ? AND start < ?';
    const range = timesOf(query);
    const cql = `SELECT count(*) AS bars, sum(revision) AS revisions FROM ${this.#keyspace}.${barTable.name} WHERE ${conditions}`;
    const totals = await walkBuckets({
      span: barBucketSpan(interval),
      range,
      limit: Number.POSITIVE_INFINITY,
      read: bucket => this.#rows({ query: cql, params: [symbol, interval, bucket, range.fromMs, range.toMs] }, totalsOf),
      existing: () => this.#existing(barTable, 'bucket', barKey(symbol, interval)),
    });
    const sum = (of: (one: BarTotals) => number) => totals.reduce((total, one) => total + of(one), 0);
    return { bars: sum(one => one.bars), revisions: sum(one => one.revisions) };
  }

  ticks(query: RangeQuery & { readonly symbol: string }): Promise<readonly TickRow[]> {
    return this.#range({
      table: tickTable,
      span: 'hour',
      key: [['symbol', query.symbol]],
      bucketColumn: 'hour',
      timeColumn: 'time',
      clustering: ['time', 'session', 'sequence'],
      query,
    });
  }

  gaps(query: RangeQuery): Promise<readonly Gap[]> {
    const clustering = ['time', 'symbol', 'id'];
    return this.#range({ table: gapTable, span: 'day', key: [], bucketColumn: 'day', timeColumn: 'time', clustering, query });
  }

  alerts(query: RangeQuery): Promise<readonly Alert[]> {
    const clustering = ['time', 'symbol', 'id'];
    return this.#range({ table: alertTable, span: 'day', key: [], bucketColumn: 'day', timeColumn: 'time', clustering, query });
  }

  latest(): Promise<readonly LatestPrice[]> {
    return this.#board(latestTable);
  }

  instruments(): Promise<readonly InstrumentRow[]> {
    return this.#board(instrumentTable);
  }

  #board<Row>(table: CassandraTable<Row>): Promise<readonly Row[]> {
    const { select, rowOf } = statementsOf(this.#keyspace, table);
    return this.#rows({ query: `${select} WHERE board = ?`, params: [board] }, rowOf);
  }

  #range<Row>({ table, span, key, bucketColumn, timeColumn, clustering, query }: RangeRead<Row>): Promise<readonly Row[]> {
    const { select, rowOf } = statementsOf(this.#keyspace, table);
    const { order = 'ascending', limit = defaultRangeLimit } = query;
    const range = { ...timesOf(query), order };
    const direction = order === 'ascending' ? 'ASC' : 'DESC';
    const conditions = [...key.map(([column]) => column), bucketColumn].map(column => `${column} = ?`).join(' AND ');
    const ordering = clustering.map(column => `${column} ${direction}`).join(', ');
    const cql = `${select} WHERE ${conditions} AND ${timeColumn} >= ? AND ${timeColumn} < ? ORDER BY ${ordering} LIMIT ?`;
    const values = key.map(([, value]) => value);
    return walkBuckets({
      span,
      range,
      limit,
      read: (bucket, most) => this.#rows({ query: cql, params: [...values, bucket, range.fromMs, range.toMs, most] }, rowOf),
      existing: () => this.#existing(table, bucketColumn, key),
      // Gaps and alerts have a partition a day, so that naming them all is cheaper than asking for each day of a month.
      ...(key.length === 0 ? { mostCounted: 31 } : {}),
    });
  }

  /** Names every partition of the table, without reading its rows. */
  async #existing<Row>(table: CassandraTable<Row>, bucketColumn: string, key: RangeRead<Row>['key']): Promise<readonly string[]> {
    const query = `SELECT DISTINCT ${table.partitionKey.join(', ')} FROM ${this.#keyspace}.${table.name}`;
    const found = await this.#rows(
      { query, params: [] },
      record => record,
      record => key.every(([column, value]) => record[column] === value),
    );
    return found.map(record => String(record[bucketColumn]));
  }

  async #rows<Row>(
    statement: Statement,
    rowOf: (record: Readonly<Record<string, unknown>>) => Row,
    isWanted: (record: Readonly<Record<string, unknown>>) => boolean = () => true,
  ): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for await (const page of this.#connection.pages(statement, rowsOfPage)) {
      for (const record of page) if (isWanted(record)) rows.push(rowOf(record));
    }
    return rows;
  }
}

/** Within what a timestamp can tell. */
function timesOf({ fromMs, toMs }: Pick<RangeQuery, 'fromMs' | 'toMs'>): Pick<RangeQuery, 'fromMs' | 'toMs'> {
  return { fromMs: Math.max(0, fromMs), toMs: Math.min(toMs, 8_640_000_000_000_000) };
}

function barKey(symbol: string, interval: Interval): RangeRead<Bar>['key'] {
  return [
    ['symbol', symbol],
    ['interval', interval],
  ];
}

function totalsOf({ bars, revisions }: Readonly<Record<string, unknown>>): BarTotals {
  return { bars: Number(bars), revisions: Number(revisions) };
}
