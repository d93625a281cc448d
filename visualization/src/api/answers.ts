/** Turns a page of rows into the bytes of an answer: JSON or CSV, a slice at a time, so that others are served in between. */
import { setImmediate as pause } from 'node:timers/promises';
import { csvHead, csvLines } from '../csv.ts';
import type { TablePage, TableRoute } from './table-route.ts';

type Row = Readonly<Record<string, unknown>>;

/** Rows that are written at one go. */
const slice = 1_000;

/** `{"<name>": [rows], "missing", "next"}`; fields without a value are absent. */
export async function jsonOf(route: Pick<TableRoute, 'name' | 'row'>, page: TablePage<object>): Promise<Buffer> {
  const fields = page.fields ?? Object.keys(route.row.shape);
  const parts = [Buffer.from(`{"${route.name}":[`)];
  for (let at = 0; at < page.rows.length; at += slice) {
    if (at > 0) await pause();
    const rows = page.rows.slice(at, at + slice).map(row => JSON.stringify(pick(row, fields)));
    parts.push(Buffer.from(`${at > 0 ? ',' : ''}${rows.join(',')}`));
  }
  const rest = JSON.stringify({ missing: page.missing, next: page.next });
  parts.push(Buffer.from(rest === '{}' ? ']}' : `],${rest.slice(1)}`));
  return Buffer.concat(parts);
}

/** A header and a line for each row. */
export async function csvOf(route: Pick<TableRoute, 'row'>, page: TablePage<object>): Promise<Buffer> {
  const columns = page.flat?.columns ?? page.fields ?? Object.keys(route.row.shape);
  const flat = page.flat?.of ?? (row => row);
  const parts = [Buffer.from(csvHead(columns))];
  for (let at = 0; at < page.rows.length; at += slice) {
    if (at > 0) await pause();
    parts.push(Buffer.from(csvLines(columns, page.rows.slice(at, at + slice).map(flat))));
  }
  return Buffer.concat(parts);
}

function pick(row: object, fields: readonly string[]): Row {
  const values = row as Row;
  const picked: Record<string, unknown> = {};
  for (const field of fields) if (values[field] !== undefined) picked[field] = values[field];
  return picked;
}
