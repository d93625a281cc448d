/**
 * Tells how many records of each partition the board has not applied yet: by each batch that is read and, while none comes, by asking the
 * log, for it may grow on. What cannot be asked is not told, and is what keeps the board from showing the present.
 */
import { reasonOf } from '@tapeline/core/errors';
import { type MetricOf, metricOf, type Registry } from '@tapeline/core/metrics/registered-metrics';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';

export interface LogLagOptions {
  readonly log: Pick<MarketLog, 'offsets'>;
  readonly registry: Registry;
  /** Of the next record to apply, by partition; `undefined` where it is not known yet. */
  readonly nextOffsets: () => readonly (number | undefined)[];
  /** Milliseconds that never go back. @default performance.now */
  readonly now?: () => number;
}

/** Feeds tell heartbeats four times a second: no batch for so long is no usual pause. */
const askAfterMs = 5_000;
const forgetAfterMs = 15_000;

export class LogLag {
  readonly #options: LogLagOptions;
  readonly #lag: MetricOf<'tapeline_live_board_lag_records'>;
  readonly #now: () => number;
  /** By partition. */
  readonly #toldMs: number[];
  /** When the log was heard last. */
  #answeredMs: number;
  #failure: string | undefined;
  #isAsking = false;

  constructor(options: LogLagOptions) {
    this.#options = options;
    this.#lag = metricOf(options.registry, 'tapeline_live_board_lag_records');
    this.#now = options.now ?? (() => performance.now());
    this.#answeredMs = this.#now();
    this.#toldMs = options.nextOffsets().map(() => this.#answeredMs);
  }

  /** That the log does not answer; `undefined` while it does. */
  get problem(): string | undefined {
    if (this.#now() - this.#answeredMs < forgetAfterMs) return undefined;
    return this.#failure === undefined ? 'the log does not answer' : `the log does not answer: ${this.#failure}`;
  }

  /** A batch of the partition was applied. */
  tell(partition: number, records: number): void {
    this.#answered();
    this.#toldMs[partition] = this.#answeredMs;
    this.#lag.set({ partition: String(partition) }, records);
  }

  /** To be called about once a second. */
  look(): void {
    const nowMs = this.#now();
    for (const [partition, toldMs] of this.#toldMs.entries()) {
      if (nowMs - toldMs >= forgetAfterMs) this.#lag.remove(String(partition));
    }
    if (nowMs - Math.min(...this.#toldMs) >= askAfterMs && !this.#isAsking) void this.#ask();
  }

  async #ask(): Promise<void> {
    const { log, nextOffsets } = this.#options;
    this.#isAsking = true;
    try {
      const offsets = await log.offsets(feedTopic.name);
      this.#answered();
      const next = nextOffsets();
      for (const { partition, highWatermark } of offsets) {
        const nextOffset = next[partition];
        if (nextOffset !== undefined) this.tell(partition, Math.max(0, highWatermark - nextOffset));
      }
    } catch (error) {
      this.#failure = reasonOf(error);
    } finally {
      this.#isAsking = false;
    }
  }

  #answered(): void {
    this.#answeredMs = this.#now();
    this.#failure = undefined;
  }
}
