/**
 * What Grafana does with rows before a panel shows them.
 *
 * Rows come newest first within a partition, and partitions in no useful order: whatever depends on the order (`first`, `last`, a limit)
 * comes after `oldestFirst` or a sort of its own.
 */
import type { DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';

type Aggregation = 'first' | 'last' | 'sum' | 'mean' | 'min' | 'max' | 'count';

export function sortedBy(field: string, desc = false): DataTransformerConfig {
  return { id: 'sortBy', options: { fields: {}, sort: [{ field, desc }] } };
}

export const oldestFirst = sortedBy('start');

export function first(count: number): DataTransformerConfig {
  return { id: 'limit', options: { limitField: String(count) } };
}

/** Rows of one key become one; a field is then named as `close (last)`. */
export function grouped(by: string, fields: Readonly<Record<string, readonly Aggregation[]>>): DataTransformerConfig {
  const aggregated = Object.entries(fields).map(([field, aggregations]) => [field, { operation: 'aggregate', aggregations }]);
  return { id: 'groupBy', options: { fields: { [by]: { operation: 'groupby', aggregations: [] }, ...Object.fromEntries(aggregated) } } };
}

/** A further field of each row: `left operator right`, where `right` is a field or a number. */
export function calculated(alias: string, left: string, operator: '-' | '/' | '*', right: string | number): DataTransformerConfig {
  const field = (name: string) => ({ matcher: { id: 'byName', options: name } });
  const operands = { left: field(left), operator, right: typeof right === 'number' ? { fixed: String(right) } : field(right) };
  return { id: 'calculateField', options: { mode: 'binary', alias, binary: operands } };
}

/** Keeps the rows whose value is above or below zero. */
export function onlyWhere(field: string, comparison: 'greater' | 'lower'): DataTransformerConfig {
  const filters = [{ fieldName: field, config: { id: comparison, options: { value: 0 } } }];
  return { id: 'filterByValue', options: { filters, match: 'all', type: 'include' } };
}

/** Only the fields named, in this order, under the names that people read. */
export function arranged(shown: Readonly<Record<string, string>>, hidden: readonly string[] = ['scope']): DataTransformerConfig {
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(hidden.map(name => [name, true])),
      indexByName: Object.fromEntries(Object.keys(shown).map((name, index) => [name, index])),
      renameByName: { ...shown },
    },
  };
}

/** Frames with the same symbol and time become one, with nothing where one of them has no row. */
export const merged: DataTransformerConfig = { id: 'merge', options: {} };

/** The transformation for the frames of one query only. */
export function ofQuery(refId: string, transformation: DataTransformerConfig): DataTransformerConfig {
  return { ...transformation, filter: { id: 'byRefId', options: refId } };
}

/** Puts the one row that a symbol has in one frame beside each row that it has in the other. */
export function joinedBy(field: string): DataTransformerConfig {
  return { id: 'joinByField', options: { byField: field, mode: 'outerTabular' } };
}

/** A column of `value` for each value of `columns`, over the values of `rows`. */
export function matrix(columns: string, rows: string, value: string): DataTransformerConfig {
  return { id: 'groupingToMatrix', options: { columnField: columns, rowField: rows, valueField: value, emptyValue: 'null' } };
}
