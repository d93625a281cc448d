/**
 * The CQL that several dashboards have in common.
 *
 * The plug-in reads an absent number as 0 and would draw it. So a query of a column that may be absent leaves such rows out (by
 * `ALLOW FILTERING`: rows of the partitions named are looked through, no others), and panels put frames together again.
 */
import { intervals } from '@tapeline/core/intervals';
import { barBuckets, coarseIntervals, dayBuckets } from './buckets.ts';

const ofTime = (column: string) => `${column} >= $__timeFrom AND ${column} <= $__timeTo`;

/** A constant first column: one frame, whose rows a table can show. */
export const oneFrame = "(text)'all' AS scope";

/** The condition that a number is there: nothing is greater than what is absent. */
export function isThere(column: string): string {
  return `${column} > -1e300`;
}

/** Bars of `$symbol` and `$interval` in the time shown. */
export function barsOfSymbol(columns: string, only = ''): string {
  const partition = `symbol = \${symbol:sqlstring} AND interval = '$interval' AND bucket IN ${barBuckets(intervals)}`;
  return filtered(`SELECT ${columns} FROM bars_by_symbol_interval WHERE ${partition} AND ${ofTime('start')}`, only);
}

/** The same of `$symbols`, of the coarse intervals only. */
export function barsOfSymbols(columns: string, only = ''): string {
  const partition = `symbol IN (\${symbols:sqlstring}) AND interval = '$interval' AND bucket IN ${barBuckets(coarseIntervals)}`;
  return filtered(`SELECT ${columns} FROM bars_by_symbol_interval WHERE ${partition} AND ${ofTime('start')}`, only);
}

/** Gaps that began in the time shown. */
export function gaps(columns: string, only = ''): string {
  return filtered(`SELECT ${columns} FROM gaps_by_day WHERE day IN ${dayBuckets} AND ${ofTime('time')}`, only);
}

/** Alerts of the time shown. */
export function alerts(columns: string, only = ''): string {
  return filtered(`SELECT ${columns} FROM alerts_by_day WHERE day IN ${dayBuckets} AND ${ofTime('time')}`, only);
}

/** Newest prices; one partition, and no time but its own: of a symbol that is quiet, the price of yesterday is the newest. */
export function latest(columns: string): string {
  return `SELECT ${columns} FROM latest_by_board WHERE board = 'all'`;
}

/** The newest price of `$symbol`. */
export function latestOfSymbol(columns: string): string {
  return `${latest(columns)} AND symbol = \${symbol:sqlstring}`;
}

/** How old a time is while the query runs. */
export function ageOf(column: string): string {
  return `toUnixTimestamp(now()) - toUnixTimestamp(${column}) AS age_ms`;
}

function filtered(query: string, only: string): string {
  return only === '' ? query : `${query} AND ${only} ALLOW FILTERING`;
}
