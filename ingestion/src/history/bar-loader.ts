/** Writes the vendor's bars of windows that have none stored; a stored bar stays as it is. */
import { counted } from '@tapeline/core/counted';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Patience } from '@tapeline/core/patience';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Answer } from '../backfill/backfill-queue.ts';
import { loadRecord } from '../backfill/history-records.ts';
import { HistoryWriter } from '../backfill/history-writer.ts';
import { type StoredBars, storedBars } from '../backfill/stored-bars.ts';

export interface BarLoaderOptions {
  readonly store: StoredBars;
  readonly log: ConstructorParameters<typeof HistoryWriter>[0];
  readonly logger: Logger;
  readonly registry: Registry;
}

/** What came of the answers so far. */
export interface LoadedBars {
  /** Bars that were missing. */
  readonly loaded: number;
  /** Bars that were there, and stay. */
  readonly stored: number;
}

export class BarLoader {
  readonly #options: BarLoaderOptions;
  readonly #writer: HistoryWriter;
  readonly #bars;
  #loaded = 0;
  #stored = 0;

  constructor(options: BarLoaderOptions) {
    this.#options = options;
    this.#writer = new HistoryWriter(options.log, options.registry, 'history');
    this.#bars = metricOf(options.registry, 'tapeline_history_bars_total');
  }

  get bars(): LoadedBars {
    return { loaded: this.#loaded, stored: this.#stored };
  }

  /** Resolves when what was missing is in the log. */
  async take({ job, windows, fromMs, toMs, receivedTimeMs }: Answer, patience: Patience): Promise<void> {
    const stored = await storedBars(this.#options.store, job, windows, patience);
    const head = { symbol: job.symbol, interval: job.interval, receivedTimeMs };
    const missing = windows.filter(({ startMs }) => !stored.has(startMs));
    const there = windows.length - missing.length;
    await this.#writer.write(
      missing.map(window => loadRecord(head, window)),
      patience,
    );
    this.#loaded += missing.length;
    this.#stored += there;
    this.#bars.inc({ outcome: 'loaded' }, missing.length);
    this.#bars.inc({ outcome: 'stored' }, there);
    const range = `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
    this.#options.logger.info(
      { symbol: job.symbol, interval: job.interval, fromMs, toMs, loaded: missing.length, stored: there },
      `${job.symbol} ${job.interval} from ${range}: ${counted(missing.length, 'bar')} loaded, ${there} stored before`,
    );
  }
}
