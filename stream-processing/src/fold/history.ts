/**
 * What the fold makes of a `history` record. Whoever wrote it has read the stored bar and decided; the fold gives its bar a version and
 * keeps nothing of it. So it must be of a window that no tick can change any more: the fold would give its own bar out again.
 */
import { type Bar, orderedFlags } from '@tapeline/core/bars';
import { intervalMs, intervals } from '@tapeline/core/intervals';
import type { HistoryRecord } from '@tapeline/core/records';
import type { FoldOptions } from './levels.ts';
import type { FoldOutput } from './outputs.ts';

/**
 * What follows from a record, in order: its bar and the gap that it fills, or a dead letter when it comes too early.
 * @param watermarkMs of the symbol; `undefined` when no feed ever owned it, and so no tick can change a window
 */
export function outputsOfHistory(
  record: HistoryRecord,
  watermarkMs: number | undefined,
  options: FoldOptions,
  nextVersion: () => number,
): readonly FoldOutput[] {
  const detail = watermarkMs === undefined ? undefined : earlyDetail(record, watermarkMs, options);
  if (detail !== undefined) return [{ kind: 'dead-letter', reason: 'early', detail, record }];
  const { action, symbol, gap } = record;
  const taken: FoldOutput[] = [
    { kind: 'history', action },
    { kind: 'bar', bar: barOfHistory(record, nextVersion()) },
  ];
  if (gap === undefined) return taken;
  const { fromMs, toMs, reason } = gap;
  return [...taken, { kind: 'gap', symbol, fromMs, toMs, reason, filled: true, versionUs: nextVersion() }];
}

/** Why a record comes too early; `undefined` when it does not. A window is settled once a tick in it would be `late`. */
function earlyDetail({ interval, startMs, endMs }: HistoryRecord, watermarkMs: number, options: FoldOptions): string | undefined {
  const neededMs = lastEndMs(endMs, options) + Math.max(options.allowedLatenessMs, options.correctionHorizonMs + 1);
  if (watermarkMs >= neededMs) return undefined;
  return `endMs: ticks may still change the window of ${interval} from ${startMs} to ${endMs}: the watermark must be at least ${neededMs}, was ${watermarkMs}`;
}

/** The end of the last window of the smallest interval that a tick of this window may fall into: a trading day may end within it. */
function lastEndMs(endMs: number, options: FoldOptions): number {
  const smallest = intervals.find(interval => options.intervals.includes(interval));
  if (smallest === undefined || smallest === '1d') return endMs;
  return Math.ceil(endMs / intervalMs(smallest)) * intervalMs(smallest);
}

/** The bar that a record makes. It has no indicators: they are of the bars as they closed, and never restated. */
function barOfHistory(record: HistoryRecord, versionUs: number): Bar {
  const { volume, vwap, vwapKind, spreadMean } = record;
  return {
    symbol: record.symbol,
    interval: record.interval,
    startMs: record.startMs,
    endMs: record.endMs,
    open: record.open,
    high: record.high,
    low: record.low,
    close: record.close,
    ...(volume === undefined ? {} : { volume }),
    ...(vwap === undefined ? {} : { vwap, vwapKind }),
    tickCount: record.tickCount,
    ...(spreadMean === undefined ? {} : { spreadMean }),
    state: 'final',
    flags: orderedFlags(record.flags),
    revision: record.revision,
    versionUs,
  };
}
