/** The parts of a SELECT, as far as a lint looks at them, and what the schema says of its table. */
import { migrations } from '@tapeline/database/cassandra/migrations';

export interface Select {
  readonly columns: readonly { readonly expression: string; readonly name: string }[];
  readonly table: string;
  /** As `start >= $__timeFrom`: the column, the operator, what it is held against. */
  readonly conditions: readonly { readonly column: string; readonly operator: string; readonly value: string }[];
  readonly ordered: boolean;
  /** One row at most for each partition, or one row in all. */
  readonly single: boolean;
  readonly filtering: boolean;
}

export interface TableSchema {
  readonly types: ReadonlyMap<string, string>;
  readonly partitionKey: readonly string[];
  readonly clusteringKey: readonly string[];
  /** Rows of a partition come newest first. */
  readonly descending: boolean;
}

/** @throws Error when it is no SELECT */
export function selectIn(text: string): Select {
  const [, columns, table, rest = ''] = /^SELECT (.+?) FROM ([\w.]+)(?: WHERE (.+))?$/is.exec(text.trim()) ?? [];
  if (columns === undefined || table === undefined) throw new Error(`must be a SELECT of one table, was ${text}`);
  const [where = ''] = rest.split(/ (?:ORDER BY|PER PARTITION LIMIT|LIMIT|ALLOW FILTERING)\b/i);
  const listed = split(columns, ',').map(columnOf);
  return {
    columns: listed,
    table,
    conditions: split(where, ' AND ').filter(Boolean).map(conditionOf),
    ordered: / ORDER BY /i.test(rest),
    single: / PER PARTITION LIMIT 1\b/i.test(rest) || listed.some(({ expression }) => /^(count|min|max|sum|avg)\(/i.test(expression)),
    filtering: / ALLOW FILTERING\b/i.test(rest),
  };
}

/** A first column that is the same in every row. */
export function isConstant(expression: string | undefined): boolean {
  return expression !== undefined && /^\(\w+\)'[^']*'$/.test(expression);
}

/** Tables by name, of the migrations. */
export function schema(): ReadonlyMap<string, TableSchema> {
  const tables = new Map<string, TableSchema>();
  for (const statement of migrations.flatMap(migration => migration.statements('k'))) {
    const [, table, body = '', options = ''] =
      /^CREATE TABLE IF NOT EXISTS k\.(\w+) \((.*)\)\s*WITH(.*)$/is.exec(statement.replace(/\s+/g, ' ')) ?? [];
    if (table !== undefined) tables.set(table, tableOf(body, options));
    const [, altered, added = ''] = /^ALTER TABLE k\.(\w+) ADD IF NOT EXISTS \((.*)\)/is.exec(statement) ?? [];
    const known = altered === undefined ? undefined : tables.get(altered);
    if (altered !== undefined && known !== undefined)
      tables.set(altered, { ...known, types: new Map([...known.types, ...typesIn(split(added, ','))]) });
  }
  return tables;
}

function tableOf(body: string, options: string): TableSchema {
  const [, partition = '', clustering = ''] = /PRIMARY KEY \(\(([^)]*)\),?([^)]*)\)/i.exec(body) ?? [];
  const names = (list: string) =>
    list
      .split(',')
      .map(name => name.trim())
      .filter(Boolean);
  return {
    types: new Map(typesIn(split(body.replace(/, PRIMARY KEY.*/i, ''), ','))),
    partitionKey: names(partition),
    clusteringKey: names(clustering),
    descending: /CLUSTERING ORDER BY \(\w+ DESC/i.test(options),
  };
}

function typesIn(columns: readonly string[]): readonly (readonly [string, string])[] {
  return columns.map(column => column.split(/\s+/)).map(([name = '', type = '']) => [name, type]);
}

function columnOf(text: string): Select['columns'][number] {
  const [expression = '', alias] = text.split(/ AS (?=[\w"]+$)/i);
  return { expression, name: (alias ?? expression).replaceAll('"', '') };
}

function conditionOf(text: string): Select['conditions'][number] {
  const [, column = '', operator = '', value = ''] = /^(\w+)\s*(>=|<=|=|>|<|IN)\s*(.*)$/is.exec(text) ?? [];
  return { column, operator: operator.toUpperCase(), value };
}

/** At separators that stand in no parentheses and no quotes. */
function split(text: string, separator: string): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? '';
    if (character === "'") quoted = !quoted;
    if (!quoted && character === '(') depth += 1;
    if (!quoted && character === ')') depth -= 1;
    if (!quoted && depth === 0 && text.startsWith(separator, i)) {
      parts.push('');
      i += separator.length - 1;
    } else parts[parts.length - 1] += character;
  }
  return parts.map(part => part.trim());
}
