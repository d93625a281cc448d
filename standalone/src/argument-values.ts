/** The values of the command line's options, read from their texts. @throws InvalidArgumentError of all of them, with what is expected. */
import { type Interval, intervals, isInterval } from '@tapeline/core/intervals';
import { latestTimeMs } from '@tapeline/core/records';
import { type ExportTable, exportTables } from '@tapeline/core/settings/export-settings';
import { InvalidArgumentError } from 'commander';

export function parseInterval(text: string): Interval {
  if (isInterval(text)) return text;
  throw new InvalidArgumentError(`expected one of ${intervals.join(', ')}.`);
}

export function parseIntervals(text: string): Interval[] {
  return parseList(text).map(parseInterval);
}

export function parseTables(text: string): ExportTable[] {
  const isTable = (name: string): name is ExportTable => (exportTables as readonly string[]).includes(name);
  const given = parseList(text);
  if (given.every(isTable)) return exportTables.filter(name => given.includes(name));
  throw new InvalidArgumentError(`expected one or more of ${exportTables.join(', ')}.`);
}

/** Start of a day (UTC), in milliseconds since the Unix epoch. */
export function parseDay(text: string): number {
  const timeMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (isTime(timeMs) && new Date(timeMs).toISOString().startsWith(text)) return timeMs;
  throw new InvalidArgumentError('expected a date as 2024-11-03.');
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('expected a whole number from 1.');
}

/** Separated by commas. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '');
}

/** Milliseconds since the Unix epoch, in the range of what records tell. */
export function parseTime(text: string): number {
  const timeMs = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (isTime(timeMs)) return timeMs;
  throw new InvalidArgumentError('expected ISO 8601 (2024-11-03T00:00:00Z) or milliseconds since the Unix epoch.');
}

function isTime(timeMs: number): boolean {
  return Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= latestTimeMs;
}
