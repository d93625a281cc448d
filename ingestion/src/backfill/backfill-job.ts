/** What is to be fetched, and how far it is. */
import { createHash } from 'node:crypto';
import { PipelineError } from '@tapeline/core/errors';
import { intervalMs } from '@tapeline/core/intervals';
import { latestTimeMs } from '@tapeline/core/records';
import { longestSeries, type TimeSeriesRequest, type VendorInterval } from '../twelve-data/rest-client.ts';

export interface BackfillRequest {
  readonly symbol: string;
  readonly interval: VendorInterval;
  /** Bars that open in `[fromMs, toMs)`; of `1d` by their label at 00:00 UTC. Widened to whole windows. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Why, for people: "gap of twelve-data/0: no pong". */
  readonly reason: string;
}

/** A request in the queue; all of it survives a restart. */
export interface BackfillJob extends BackfillRequest {
  /** The same for the same symbol, interval and range. */
  readonly id: string;
  readonly queuedMs: number;
  /** All windows before it were delivered. */
  readonly nextMs: number;
  /** Failures in a row. */
  readonly attempts: number;
  readonly notBeforeMs: number;
  /** The vendor refused it, for this reason; asked for again slowly. */
  readonly refused?: string;
}

export interface BackfillProgress {
  readonly jobs: number;
  /** Of these, refused by the vendor. */
  readonly refused: number;
  /** To be asked for still, over all jobs. */
  readonly windowsLeft: number;
}

const hourMs = 3_600_000;
/** A trading day may end so long after the midnight (UTC) that follows its label. */
const latestDayEndMs = 12 * hourMs;

/** @throws PipelineError `usage` for a range that is none. */
export function backfillJob(request: BackfillRequest, queuedMs: number): BackfillJob {
  const length = intervalMs(request.interval);
  const fromMs = Math.floor(request.fromMs / length) * length;
  const toMs = Math.ceil(request.toMs / length) * length;
  if (!(fromMs >= 0 && request.fromMs < request.toMs && toMs <= latestTimeMs)) {
    const message = `a backfill must end after it begins, was from ${request.fromMs} to ${request.toMs} (milliseconds since the Unix epoch)`;
    throw new PipelineError('usage', message, { retriable: false });
  }
  const { symbol, interval, reason } = request;
  const id = createHash('sha256').update([symbol, interval, fromMs, toMs].join('\n')).digest('hex').slice(0, 32);
  return { id, symbol, interval, fromMs, toMs, reason: reason.slice(0, 500), queuedMs, nextMs: fromMs, attempts: 0, notBeforeMs: 0 };
}

/** The next request of a job: as many windows as one answer can hold. */
export function nextRequest({ symbol, interval, nextMs, toMs }: BackfillJob): TimeSeriesRequest {
  // One less than fits, because the vendor may count the window at the range's end.
  return { symbol, interval, fromMs: nextMs, toMs: Math.min(toMs, nextMs + (longestSeries - 1) * intervalMs(interval)) };
}

/** When a job may be worked on: its bars are over, the vendor had `settleMs` to finish them, and it is not put off. */
export function dueMs(job: BackfillJob, settleMs: number): number {
  const overMs = job.interval === '1d' ? job.toMs + latestDayEndMs : job.toMs;
  return Math.max(job.notBeforeMs, overMs + settleMs);
}

/** The oldest data first; never 0 for two jobs. */
export function byAge(a: BackfillJob, b: BackfillJob): number {
  return a.fromMs - b.fromMs || a.toMs - b.toMs || (a.id < b.id ? -1 : 1);
}

/** Windows that are still to be asked for. */
export function windowsLeft({ interval, nextMs, toMs }: BackfillJob): number {
  return (toMs - nextMs) / intervalMs(interval);
}
