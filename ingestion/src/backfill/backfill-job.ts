/** What is to be fetched, and how far it is. */
import { createHash } from 'node:crypto';
import { usageError } from '@tapeline/core/errors';
import { intervalMs } from '@tapeline/core/intervals';
import { latestTimeMs } from '@tapeline/core/records';
import { longestSeries, type TimeSeriesRequest, type VendorInterval } from '../twelve-data/rest-client.ts';

/** A gap, by its key in the store. */
export interface GapKey {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

/**
 * - `fill`: what a gap touched is taken from the vendor
 * - `compare`: our bars are held against the vendor's; only while nothing is to be filled
 */
export type BackfillKind = 'fill' | 'compare';

export interface BackfillRequest {
  /** @default 'fill' */
  readonly kind?: BackfillKind;
  readonly symbol: string;
  readonly interval: VendorInterval;
  /** Bars that open in `[fromMs, toMs)`; of `1d` by their label at 00:00 UTC. Widened to whole windows. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Why, for people: "gap of twelve-data/0: no pong". */
  readonly reason: string;
  /** The gap that is filled when it is done, together with the others that name it and are over. */
  readonly gap?: GapKey;
}

/** A request in the queue; all of it survives a restart. */
export interface BackfillJob extends Omit<BackfillRequest, 'gap'> {
  readonly kind: BackfillKind;
  /** All that wait for the same windows; at most 100. */
  readonly gaps: readonly GapKey[];
  /** The same for the same kind, symbol, interval and range. */
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
  /** When the job that waits longest was queued; `undefined` without jobs. */
  readonly oldestQueuedMs: number | undefined;
}

/** Of further ones the windows are filled, too, and the gap is named by a later look at it. */
const mostGapsOfJob = 100;
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
    throw usageError(message);
  }
  const { kind = 'fill', symbol, interval, gap } = request;
  const id = createHash('sha256').update([kind, symbol, interval, fromMs, toMs].join('\n')).digest('hex').slice(0, 32);
  const reason = request.reason.slice(0, 500);
  const what = { id, kind, symbol, interval, fromMs, toMs, reason, gaps: gap === undefined ? [] : [gap] };
  return { ...what, queuedMs, nextMs: fromMs, attempts: 0, notBeforeMs: 0 };
}

/** A job that is done for one gap more, or `undefined` when nothing changes. */
export function withGap(job: BackfillJob, gap: GapKey | undefined): BackfillJob | undefined {
  if (gap === undefined || job.gaps.length >= mostGapsOfJob || job.gaps.some(known => isSameGap(known, gap))) return undefined;
  return { ...job, gaps: [...job.gaps, gap] };
}

export function isSameGap(a: GapKey, b: GapKey): boolean {
  return a.fromMs === b.fromMs && a.reason === b.reason;
}

/** The next request of a job: as many windows as one answer can hold. */
export function nextRequest({ symbol, interval, nextMs, toMs }: BackfillJob): TimeSeriesRequest {
  // One less than fits, because the vendor may count the window at the range's end.
  return { symbol, interval, fromMs: nextMs, toMs: Math.min(toMs, nextMs + (longestSeries - 1) * intervalMs(interval)) };
}

/** When a job may be worked on: its bars are over, the vendor had `settleMs` to finish them, and it is not put off. */
export function dueMs(job: BackfillJob, settleMs: number): number {
  return Math.max(job.notBeforeMs, settledMs(job, settleMs));
}

/** The same, put off or not. */
export function settledMs({ interval, toMs }: BackfillJob, settleMs: number): number {
  return (interval === '1d' ? toMs + latestDayEndMs : toMs) + settleMs;
}

/**
 * What was refused comes last, the more often the later. Then what is to be filled before what is to be compared, then the oldest data, then
 * the windows that end first: of the jobs of one gap the last one ends last. Never 0 for two jobs.
 */
export function byUrgency(a: BackfillJob, b: BackfillJob): number {
  if (refusals(a) !== refusals(b)) return refusals(a) - refusals(b);
  if (a.kind !== b.kind) return a.kind === 'fill' ? -1 : 1;
  return oldestMs(a) - oldestMs(b) || a.toMs - b.toMs || a.fromMs - b.fromMs || (a.id < b.id ? -1 : 1);
}

function refusals({ refused, attempts }: BackfillJob): number {
  return refused === undefined ? 0 : attempts;
}

/** Begin of the first gap, because the windows of longer intervals begin before it. */
function oldestMs({ gaps, fromMs }: BackfillJob): number {
  return gaps.reduce((oldest, gap) => Math.min(oldest, gap.fromMs), gaps[0]?.fromMs ?? fromMs);
}

/** Windows that are still to be asked for. */
export function windowsLeft({ interval, nextMs, toMs }: BackfillJob): number {
  return (toMs - nextMs) / intervalMs(interval);
}

/** What it is called in the log. */
export function nameOf({ kind, symbol, interval }: BackfillJob): string {
  return `${kind === 'fill' ? 'backfill' : 'comparison'} of ${symbol} ${interval}`;
}

/** What the log tells of it besides. */
export function aboutJob({ kind, symbol, interval, fromMs, toMs, reason }: BackfillJob): Readonly<Record<string, unknown>> {
  return { kind, symbol, interval, fromMs, toMs, reason };
}
