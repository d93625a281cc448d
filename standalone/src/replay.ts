/** A recording through the ingester's mapping and the fold, at full speed, without a log, a store or a clock. */
import type { AlertRule } from '@tapeline/core/alert-rules';
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import { recordFormat } from '@tapeline/core/records';
import { recordingFeed } from '@tapeline/ingestion/recording-feed';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { compareBars } from './bar-lines.ts';

export interface ReplayOptions {
  readonly path: string;
  /** The interval whose bars are wanted. */
  readonly interval: Interval;
  /** All intervals of the fold; the smallest decides which ticks are late. */
  readonly intervals: readonly Interval[];
  readonly allowedLatenessMs: number;
  readonly correctionHorizonMs: number;
  /** In force from the begin on. @default none */
  readonly rules?: readonly AlertRule[];
  readonly signal?: AbortSignal;
  readonly progress?: (soFar: ReplayCounts) => void;
}

export interface ReplayCounts {
  readonly ticks: number;
  readonly refused: number;
  readonly repeated: number;
  /** Time of the last record, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
}

export interface Replay extends ReplayCounts {
  /** Each closed bar once, at its last revision, by `startMs` and `symbol`: those that a live flow stores of the same records. */
  readonly bars: readonly Bar[];
  /** Those that were still open at the end, in the same order. */
  readonly open: readonly Bar[];
  /** In the order in which they were given. */
  readonly alerts: readonly Alert[];
}

/**
 * Replays a recording.
 * @throws PipelineError `recording.malformed` with the line, `recording.unreadable`.
 */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const { interval } = options;
  const intervals = options.intervals.includes(interval) ? options.intervals : [...options.intervals, interval];
  const fold = new PartitionFold({ ...options, intervals, partition: 0, partitions: 1 });
  const bars = new Map<string, Bar>();
  const alerts: Alert[] = [];
  const counts = { ticks: 0, refused: 0, repeated: 0, timeMs: 0 };

  const rules = [...(options.rules ?? [])];
  if (rules.length > 0) fold.apply({ v: recordFormat, kind: 'alert-rules', rules, receivedTimeMs: 0 }, () => undefined);
  for await (const event of recordingFeed({ path: options.path, feed: 'twelve-data/0' })) {
    if (options.signal?.aborted) break;
    if (event.kind === 'dead-letter') {
      counts.refused += 1;
      continue;
    }
    counts.timeMs = 'timeMs' in event ? event.timeMs : event.receivedTimeMs;
    fold.apply(event, output => {
      if (output.kind === 'bar' && output.bar.interval === interval) bars.set(`${output.bar.startMs} ${output.bar.symbol}`, output.bar);
      if (output.kind === 'alert') alerts.push(output.alert);
      if (output.kind === 'tick') counts.ticks += 1;
      if (output.kind === 'repeated') counts.repeated += 1;
      if (output.kind === 'dead-letter') counts.refused += 1;
    });
    options.progress?.(counts);
  }
  const open = [...fold.symbols()].flatMap(symbol => fold.openBars(symbol, interval));
  return { ...counts, bars: [...bars.values()].sort(compareBars), open: open.sort(compareBars), alerts };
}
