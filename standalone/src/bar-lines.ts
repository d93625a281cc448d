/** Bars as lines of text: what `replay` and `export` print. */
import type { Bar } from '@tapeline/core/bars';

export const barFormats = ['csv', 'jsonl'] as const;
export type BarFormat = (typeof barFormats)[number];

/** `state` is told where open bars are printed, too. */
export type PrintedBar = Bar & { readonly state?: 'final' | 'forming' };

const columns = [
  'symbol',
  'interval',
  'startMs',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'vwap',
  'tickCount',
  'flags',
  'revision',
] as const satisfies readonly (keyof PrintedBar)[];
/** The same and `state`. */
export const columnsWithState = [...columns, 'state'] as const;

/** The line before the bars; empty for JSON lines. */
export function headOf(format: BarFormat, told: readonly (keyof PrintedBar)[] = columns): string {
  return format === 'csv' ? `${told.join(',')}\n` : '';
}

/** One bar as a line. Absent values are empty in CSV and absent in JSON; flags are joined by `|` in CSV. */
export function lineOf(bar: PrintedBar, format: BarFormat, told: readonly (keyof PrintedBar)[] = columns): string {
  if (format === 'jsonl') return `${JSON.stringify(Object.fromEntries(told.map(column => [column, bar[column]])))}\n`;
  return `${told.map(column => cellOf(bar[column])).join(',')}\n`;
}

/** Orders bars by `startMs`, then `symbol`. */
export function compareBars(a: Bar, b: Bar): number {
  if (a.startMs !== b.startMs) return a.startMs - b.startMs;
  return a.symbol < b.symbol ? -1 : Number(a.symbol > b.symbol);
}

/** A value as a cell of CSV. */
export function cellOf(value: unknown): string {
  if (value === undefined) return '';
  const text = Array.isArray(value) ? value.join('|') : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
