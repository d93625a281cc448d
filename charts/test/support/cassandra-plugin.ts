/**
 * What the Cassandra plug-in makes of a query and of its rows, read from its sources (hadesarchitect-cassandra-datasource 3.3.0, `pkg/`):
 * four macros, rows put into frames by their first column, absent values as the zero of their type, and types that it refuses.
 */
import type { TimeRange } from '@tapeline/visualization/grafana-check/interpolation';
import cassandra, { type Client } from 'cassandra-driver';

export interface Frame {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, FieldValue>>[];
}

export type FieldValue = string | number | boolean | Date;

const { dataTypes } = cassandra.types;
const zeros = new Map<number, FieldValue>([
  [dataTypes.text, ''],
  [dataTypes.varchar, ''],
  [dataTypes.ascii, ''],
  [dataTypes.double, 0],
  [dataTypes.float, 0],
  [dataTypes.int, 0],
  [dataTypes.bigint, 0],
  [dataTypes.counter, 0],
  [dataTypes.smallint, 0],
  [dataTypes.boolean, false],
  [dataTypes.timestamp, new Date(-62_135_596_800_000)],
]);
/** The first column becomes the name of a frame; these can. */
const names: readonly number[] = [
  ...[dataTypes.text, dataTypes.varchar, dataTypes.ascii, dataTypes.int, dataTypes.bigint],
  ...[dataTypes.double, dataTypes.float, dataTypes.boolean, dataTypes.timestamp],
];

/** The macros, in milliseconds and in seconds. */
export function withMacros(target: string, { fromMs, toMs }: TimeRange): string {
  return target
    .replaceAll('$__timeFrom', String(fromMs))
    .replaceAll('$__timeTo', String(toMs))
    .replaceAll('$__unixEpochFrom', String(Math.floor(fromMs / 1_000)))
    .replaceAll('$__unixEpochTo', String(Math.floor(toMs / 1_000)));
}

/** Runs CQL whose tables stand in `keyspace`; 5,000 rows at most. @throws Error for what the plug-in refuses, beside what Cassandra refuses */
export async function framesOf(client: Client, keyspace: string, query: string): Promise<readonly Frame[]> {
  if (!/^select /i.test(query.trim())) throw new Error(`must be a SELECT, was ${query}`);
  if (query.includes('$')) throw new Error(`all variables must be known, was ${query}`);
  const named = query.replace(/FROM ([a-z_]+)(?![a-z_.])/, `FROM ${keyspace}.$1`);
  const { rows, columns } = await client.execute(named);
  const types = columns.map(({ name, type }) => ({ name, code: type.code }));
  const refused = types.find(({ code }, index) => !zeros.has(code) || (index === 0 && !names.includes(code)));
  if (refused !== undefined) throw new Error(`the plug-in cannot read column ${refused.name} of Cassandra's type ${refused.code}`);
  const frames = new Map<string, Record<string, FieldValue>[]>();
  for (const row of rows) {
    const fields = Object.fromEntries(types.map(({ name, code }) => [name, fieldOf(row[name], code)]));
    const id = String(fields[types[0]?.name ?? '']);
    const frameRows = frames.get(id);
    if (frameRows === undefined) frames.set(id, [fields]);
    else frameRows.push(fields);
  }
  return [...frames].map(([name, frameRows]) => ({ name, columns: types.map(column => column.name), rows: frameRows }));
}

/** Values of a variable: the first column. */
export async function variableRows(client: Client, keyspace: string, query: string): Promise<readonly string[]> {
  const frames = await framesOf(client, keyspace, query);
  return frames.flatMap(({ columns, rows }) => rows.map(row => String(row[columns[0] ?? ''])));
}

function fieldOf(value: unknown, code: number): FieldValue {
  if (value === null || value === undefined) return zeros.get(code) as FieldValue;
  if (cassandra.types.Long.isLong(value)) return value.toNumber();
  return value as FieldValue;
}
