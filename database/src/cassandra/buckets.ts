/**
 * Which bucket of time a row belongs to: the part of a partition key that keeps partitions small. Writes and reads both ask here.
 *
 * Buckets are text, so that people and Grafana's variables can name them, and sort as the times do: `2024-11-03T12` (an hour, or half a
 * day), `2024-11-03`, `2024-11`, `2024`, `all`.
 */
import type { Interval } from '@tapeline/core/intervals';

export type BucketSpan = 'hour' | 'half-day' | 'day' | 'month' | 'year' | 'all';

/** Bars of an interval in one bucket at most: 43,200 · 17,280 · 5,760 · 44,640 · 8,928 · 35,136 · 8,784 · one a day, for ever. */
const spans: Readonly<Record<Interval, BucketSpan>> = {
  '1s': 'half-day',
  '5s': 'day',
  '15s': 'day',
  '1m': 'month',
  '5m': 'month',
  '15m': 'year',
  '1h': 'year',
  '1d': 'all',
};

/** End of what buckets can name: the year 10000. Rows beyond are not found. */
const endOfTimeMs = 253_402_300_800_000;
const hourMs = 3_600_000;

/** The span of the buckets of bars of this interval. */
export function barBucketSpan(interval: Interval): BucketSpan {
  return spans[interval];
}

interface KnownBucket {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

/** The bucket that was last asked for: rows come by the thousand in one. Nothing but a memory of `textOf`. */
const lastBucket = new Map<BucketSpan, KnownBucket>();

/** The bucket that a time falls into. */
export function bucketOf(span: BucketSpan, timeMs: number): string {
  const last = lastBucket.get(span);
  if (last !== undefined && timeMs >= last.startMs && timeMs < last.endMs) return last.text;
  const startMs = startOf(span, timeMs);
  const text = textOf(span, timeMs);
  lastBucket.set(span, { startMs, endMs: nextStart(span, startMs), text });
  return text;
}

function textOf(span: BucketSpan, timeMs: number): string {
  const text = new Date(timeMs).toISOString();
  switch (span) {
    case 'hour':
      return text.slice(0, 13);
    case 'half-day':
      return `${text.slice(0, 10)}T${text.slice(11, 13) < '12' ? '00' : '12'}`;
    case 'day':
      return text.slice(0, 10);
    case 'month':
      return text.slice(0, 7);
    case 'year':
      return text.slice(0, 4);
    case 'all':
      return 'all';
  }
}

export interface BucketRange {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly order?: 'ascending' | 'descending';
}

/** Every bucket that the half-open range touches, one after the other in the order asked for; there may be many. */
export function* bucketsIn(span: BucketSpan, range: BucketRange): Generator<string> {
  const fromMs = Math.max(0, range.fromMs);
  const toMs = Math.min(range.toMs, endOfTimeMs);
  if (fromMs >= toMs) return;
  if (range.order === 'descending') {
    for (let start = startOf(span, toMs - 1); ; start = startOf(span, start - 1)) {
      yield bucketOf(span, Math.max(0, start));
      if (start <= fromMs) return;
    }
  }
  for (let start = startOf(span, fromMs); start < toMs; start = nextStart(span, start)) yield bucketOf(span, start);
}

/** True when a bucket lies in the range; for buckets that were found and not counted. */
export function isBucketIn(span: BucketSpan, bucket: string, range: BucketRange): boolean {
  const fromMs = Math.max(0, range.fromMs);
  const toMs = Math.min(range.toMs, endOfTimeMs);
  return fromMs < toMs && bucket >= bucketOf(span, fromMs) && bucket <= bucketOf(span, toMs - 1);
}

function startOf(span: BucketSpan, timeMs: number): number {
  const date = new Date(timeMs);
  switch (span) {
    case 'hour':
      return timeMs - (timeMs % hourMs);
    case 'half-day':
      return timeMs - (timeMs % (12 * hourMs));
    case 'day':
      return timeMs - (timeMs % (24 * hourMs));
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    case 'year':
      return Date.UTC(date.getUTCFullYear(), 0);
    case 'all':
      return 0;
  }
}

function nextStart(span: BucketSpan, startMs: number): number {
  const date = new Date(startMs);
  switch (span) {
    case 'hour':
      return startMs + hourMs;
    case 'half-day':
      return startMs + 12 * hourMs;
    case 'day':
      return startMs + 24 * hourMs;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    case 'year':
      return Date.UTC(date.getUTCFullYear() + 1, 0);
    case 'all':
      return endOfTimeMs;
  }
}
