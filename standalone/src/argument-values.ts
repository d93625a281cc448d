/** The values of the command line's options, read from their texts. @throws InvalidArgumentError of all of them, with what is expected. */
import { type Interval, intervals, isInterval } from '@tapeline/core/intervals';
import { latestTimeMs } from '@tapeline/core/records';
import { type ExportTable, exportTables } from '@tapeline/core/settings/export-settings';
import { timeOfText } from '@tapeline/core/time-text';
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
  const timeMs = /^\d{4}-\d\d-\d\d$/.test(text) ? timeOfText(text) : undefined;
  if (isTime(timeMs)) return timeMs;
  throw new InvalidArgumentError('expected a date as 2024-11-03.');
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('expected a whole number from 1.');
}

/** One or more, separated by commas; each once. */
export function parseList(text: string): string[] {
  const items = text.split(',').map(item => item.trim());
  const given = [...new Set(items.filter(item => item !== ''))];
  if (given.length > 0) return given;
  throw new InvalidArgumentError('expected one or more, separated by commas.');
}

/** Milliseconds since the Unix epoch, in the range of what records tell. */
export function parseTime(text: string): number {
  const timeMs = timeOfText(text);
  if (isTime(timeMs)) return timeMs;
  throw new InvalidArgumentError(
    'expected ISO 8601 (2024-11-03 or 2024-11-03T09:30:00Z, UTC without an offset) or milliseconds since the Unix epoch (12 or 13 digits).',
  );
}

function isTime(timeMs: number | undefined): timeMs is number {
  return timeMs !== undefined && timeMs <= latestTimeMs;
}
