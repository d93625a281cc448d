/** Holds stored bars against the vendor's and has the verdict flagged: `reconciled` or `mismatch`; a split is told and flags nothing. */

import type { Bar } from '@tapeline/core/bars';
import { counted } from '@tapeline/core/counted';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Patience } from '@tapeline/core/patience';
import type { HistoryRecord } from '@tapeline/core/records';
import { dateText } from '@tapeline/core/time-text';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Answer } from './backfill-queue.ts';
import { type Comparison, compared, percentText, type Tolerance } from './comparison.ts';
import { flagRecord, isComparable } from './history-records.ts';
import type { HistoryWriter } from './history-writer.ts';
import { type StoredBars, storedBars } from './stored-bars.ts';

export interface ReconcilerOptions {
  readonly store: StoredBars;
  readonly writer: HistoryWriter;
  readonly tolerance: Tolerance;
  readonly logger: Logger;
  readonly registry: Registry;
}

interface Verdict {
  readonly bar: Bar;
  readonly comparison: Comparison;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #compared;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#compared = metricOf(options.registry, 'tapeline_backfiller_bars_compared_total');
  }

  /** Resolves when the verdicts are in the log. Bars of which a gap took a part, or that have a verdict, are passed over. */
  async take({ job, windows, receivedTimeMs }: Answer, patience: Patience): Promise<void> {
    const { store, writer, tolerance } = this.#options;
    const stored = await storedBars(store, job, windows, patience);
    const verdicts = windows.flatMap((window): Verdict[] => {
      const bar = stored.get(window.startMs);
      return bar === undefined || !isComparable(bar) ? [] : [{ bar, comparison: compared(bar, window, tolerance) }];
    });
    const head = { symbol: job.symbol, interval: job.interval, receivedTimeMs };
    const records = verdicts.flatMap(({ bar, comparison }): HistoryRecord[] =>
      comparison.verdict === 'split' ? [] : [flagRecord(head, bar, comparison.verdict === 'equal' ? 'reconciled' : 'mismatch')],
    );
    await writer.write(records, patience);
    for (const { comparison } of verdicts) this.#compared.inc({ verdict: comparison.verdict });
    this.#tell(job, verdicts);
  }

  #tell({ symbol, interval, fromMs }: Answer['job'], verdicts: readonly Verdict[]): void {
    const { logger } = this.#options;
    const of = (wanted: Comparison['verdict']) => verdicts.filter(({ comparison }) => comparison.verdict === wanted);
    const [equal, mismatches, splits] = [of('equal').length, of('mismatch'), of('split')];
    const day = dateText(fromMs);
    const facts = { symbol, interval, day, equal, mismatches: mismatches.length, splits: splits.length };
    logger.info(facts, `${symbol} ${interval} of ${day}: ${counted(equal, 'bar')} as the vendor has them, ${mismatches.length} not`);
    const [first] = splits;
    if (first !== undefined) {
      const message = `the vendor restated ${symbol} for a split of ${first.comparison.split}: ${counted(splits.length, 'bar')} of ${day} ${splits.length === 1 ? 'is' : 'are'} as before it`;
      logger.warn({ ...facts, split: first.comparison.split }, message);
    }
    const worst = mismatches.toSorted((a, b) => b.comparison.price - a.comparison.price)[0];
    if (worst === undefined) return;
    const { price, volume } = worst.comparison;
    logger.warn(
      { ...facts, startMs: worst.bar.startMs, price, volume },
      `${counted(mismatches.length, 'bar')} of ${symbol} ${interval} ${mismatches.length === 1 ? 'differs' : 'differ'} from the vendor's, by ${percentText(price)} at most: see tapeline reconcile`,
    );
  }
}
