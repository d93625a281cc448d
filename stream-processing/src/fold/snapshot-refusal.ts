/** Refuses snapshots that this fold cannot go on from, and says the remedy: the same for the plain fold and the hot one. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { type FoldOptions, levelsOf } from './levels.ts';

/** Format of the encoded state. A change of it, or of what the fold does, is a new generation of the tables (`foldVersion`). */
const foldFormat = 3;
/** The same with alert rules in it: a fold that knows none refuses it, where it would lose them. */
const foldFormatWithRules = 4;

const rebuild = 'run tapeline rebuild, which makes a new generation of the tables from the log';

/** What a snapshot says of the fold that made it. */
export interface SnapshotOrigin {
  readonly format: number;
  readonly intervals: readonly Interval[];
  readonly partitions: number;
  /** Absent in snapshots of programs up to 2026-11-22, like the next one: those are taken as they are. */
  readonly allowedLatenessMs?: number;
  readonly correctionHorizonMs?: number;
}

/** The format of a snapshot with alert rules in it, or without. */
export function formatOf(hasRules: boolean): number {
  return hasRules ? foldFormatWithRules : foldFormat;
}

/** What the snapshot of a fold with these options says, with alert rules in it or without. */
export function originOf(
  { intervals, partitions, allowedLatenessMs, correctionHorizonMs }: FoldOptions,
  hasRules: boolean,
): SnapshotOrigin {
  return {
    format: formatOf(hasRules),
    intervals: levelsOf(intervals).map(level => level.interval),
    partitions,
    allowedLatenessMs,
    correctionHorizonMs,
  };
}

/** What people set, by what a snapshot says. */
const settings = {
  intervals: 'BAR_INTERVALS',
  allowedLatenessMs: 'ALLOWED_LATENESS_MS',
  correctionHorizonMs: 'CORRECTION_HORIZON_MS',
} as const;

/** @throws PipelineError `snapshot.invalid` when a fold with these options would not go on as the one that made the snapshot. */
export function refuseOther(origin: SnapshotOrigin, options: FoldOptions): void {
  if (!isOrigin(origin)) throw unreadable('it does not say what made it');
  if (origin.format !== foldFormat && origin.format !== foldFormatWithRules) {
    throw invalid(
      `the snapshot has format ${origin.format}, this fold reads ${foldFormat} and ${foldFormatWithRules}: run the program that made it, or ${rebuild}`,
    );
  }
  const own = originOf(options, false);
  for (const [field, setting] of Object.entries(settings) as [keyof typeof settings, string][]) {
    const [before, now] = [String(origin[field] ?? own[field]), String(own[field])];
    if (before === now) continue;
    throw invalid(`the snapshot was made with ${setting}=${before}, now it is ${now}: go back to the former setting, or ${rebuild}`);
  }
  if (origin.partitions !== options.partitions) {
    throw invalid(
      `the snapshot was made with ${origin.partitions} partitions, now there are ${options.partitions}: go back to a log of ${origin.partitions}, or run tapeline repartition, which copies it into another number, and then tapeline rebuild --whole`,
    );
  }
}

/** It comes out of JSON, and not all JSON is one. */
function isOrigin(origin: unknown): boolean {
  if (typeof origin !== 'object' || origin === null) return false;
  const { format, intervals, partitions, allowedLatenessMs = 0, correctionHorizonMs = 0 } = origin as Readonly<Record<string, unknown>>;
  return isTexts(intervals) && [format, partitions, allowedLatenessMs, correctionHorizonMs].every(value => typeof value === 'number');
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

/** The refusal of bytes that are no snapshot, or a broken one. */
export function unreadable(error: unknown): PipelineError {
  return invalid(`the snapshot is not readable (${reasonOf(error)}): ${rebuild}`);
}

function invalid(what: string): PipelineError {
  return new PipelineError('snapshot.invalid', what, { retriable: false });
}
