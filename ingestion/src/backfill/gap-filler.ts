/** Fills what gaps touched: reads the stored bars of an answer's windows, decides about each, and writes the records, the last one naming the gap. */
import { intervalMs } from '@tapeline/core/intervals';
import type { Patience } from '@tapeline/core/patience';
import type { HistoryRecord } from '@tapeline/core/records';
import type { Logger } from 'pino';
import { type BackfillJob, type GapKey, isSameGap } from './backfill-job.ts';
import type { Answer } from './backfill-queue.ts';
import { fillRecord, isFilled } from './history-records.ts';
import type { HistoryWriter } from './history-writer.ts';
import { type StoredBars, storedBars } from './stored-bars.ts';
import type { VendorWindow } from './vendor-windows.ts';

export interface GapFillerOptions {
  readonly store: StoredBars;
  readonly writer: HistoryWriter;
  readonly logger: Logger;
}

interface LastRecord {
  readonly gap: GapKey;
  readonly record: HistoryRecord;
}

const mostRemembered = 10_000;

export class GapFiller {
  readonly #options: GapFillerOptions;
  /** Of gaps that are not named yet: the record that came last for them, in case that the last job has none. */
  readonly #lastRecords = new Map<string, LastRecord>();

  constructor(options: GapFillerOptions) {
    this.#options = options;
  }

  /** Resolves when all that follows from the answer is in the log. A window without a vendor's bar stays as it is. */
  async take({ job, windows, lastOf, receivedTimeMs }: Answer, patience: Patience): Promise<void> {
    const { store, writer, logger } = this.#options;
    const touched = windows.filter(window => isTouched(window, job));
    const stored = await storedBars(store, job, touched, patience);
    const head = { symbol: job.symbol, interval: job.interval, receivedTimeMs };
    const decided = touched.map(window => {
      const bar = stored.get(window.startMs);
      return { record: fillRecord(head, window, bar), isNew: bar === undefined || !isFilled(window, bar) };
    });
    const fresh = decided.filter(({ isNew }) => isNew).map(({ record }) => record);
    const last = decided.at(-1)?.record;
    for (const gap of last === undefined ? [] : job.gaps) this.#remember(job.symbol, gap, last);
    const naming = lastOf.flatMap(gap => this.#naming(job.symbol, gap));
    await writer.write(withNaming(fresh, naming), patience);
    for (const gap of lastOf) this.#told(logger, job, gap, naming);
  }

  #remember(symbol: string, gap: GapKey, record: HistoryRecord | undefined): void {
    const key = keyOf(symbol, gap);
    if (record !== undefined) this.#lastRecords.set(key, { gap, record });
    const [oldest] = this.#lastRecords.keys();
    if (this.#lastRecords.size > mostRemembered && oldest !== undefined) this.#lastRecords.delete(oldest);
  }

  #naming(symbol: string, gap: GapKey): readonly HistoryRecord[] {
    const last = this.#lastRecords.get(keyOf(symbol, gap));
    return last === undefined ? [] : [{ ...last.record, gap }];
  }

  #told(logger: Logger, { symbol }: BackfillJob, gap: GapKey, naming: readonly HistoryRecord[]): void {
    this.#lastRecords.delete(keyOf(symbol, gap));
    const isNamed = naming.some(record => record.gap !== undefined && isSameGap(record.gap, gap));
    if (isNamed) logger.info({ symbol, ...gap }, `the gap of ${symbol} from ${new Date(gap.fromMs).toISOString()} is filled`);
    else
      logger.info(
        { symbol, ...gap },
        `the vendor has no bars in the gap of ${symbol} from ${new Date(gap.fromMs).toISOString()}: it stays`,
      );
  }
}

function isTouched({ endMs }: VendorWindow, { gaps, interval }: BackfillJob): boolean {
  // Also of a trading day, whose label is not its begin.
  const beginMs = endMs - intervalMs(interval);
  return gaps.length === 0 || gaps.some(gap => gap.fromMs < endMs && gap.toMs > beginMs);
}

/** The last record names the first gap; further gaps are named by the same bar once more, which changes nothing else. */
function withNaming(records: readonly HistoryRecord[], naming: readonly HistoryRecord[]): readonly HistoryRecord[] {
  const last = records.at(-1);
  const repeats = naming.some(({ interval, startMs }) => interval === last?.interval && startMs === last.startMs);
  return repeats ? [...records.slice(0, -1), ...naming] : [...records, ...naming];
}

function keyOf(symbol: string, { fromMs, reason }: GapKey): string {
  return `${symbol} ${fromMs} ${reason}`;
}
