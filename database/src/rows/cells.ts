/**
 * A stored row as plain cells, the same for both parts of the store: column names as in DESIGN.md §6, times in milliseconds since
 * the Unix epoch, an absent value as `undefined` and never as 0 or ''.
 */

export type Cell = string | number | boolean | undefined;
export type Cells = Readonly<Record<string, Cell>>;

/** How rows of one table turn into cells and back. The write time (`versionUs`) is no cell: each part keeps it in its own way. */
export interface RowShape<Row> {
  readonly columns: readonly string[];
  /** Columns that may be absent. */
  readonly optional: readonly string[];
  /** Columns that some rows have no value for and leave as they are stored. */
  readonly kept?: { readonly columns: readonly string[]; by(row: Row): boolean };
  versionOf(row: Row): number;
  /** Values in the order of `columns`. */
  cellsOf(row: Row): readonly Cell[];
  rowOf(cells: Cells, versionUs: number): Row;
}

/** The number in a column that always has one. */
export function numberIn(cells: Cells, column: string): number {
  const value = cells[column];
  if (typeof value === 'number') return value;
  throw new TypeError(`column ${column} must hold a number, was ${String(value)}`);
}

/** The text in a column that always has one. */
export function textIn(cells: Cells, column: string): string {
  const value = cells[column];
  if (typeof value === 'string') return value;
  throw new TypeError(`column ${column} must hold text, was ${String(value)}`);
}

export function optionalNumber(cells: Cells, column: string): number | undefined {
  return cells[column] === undefined ? undefined : numberIn(cells, column);
}

export function optionalText(cells: Cells, column: string): string | undefined {
  return cells[column] === undefined ? undefined : textIn(cells, column);
}

/** A row without the properties that are absent, so that it equals the row that was written. */
export function withoutAbsent<Row extends object>(row: { readonly [Name in keyof Row]: Row[Name] | undefined }): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row;
}
