/**
 * Tells how many records of its partitions a reader has still before it: by each batch that is read and, while none comes, by asking the log, for
 * it grows on while the reader waits for a store. What cannot be asked is not told.
 */
import { reasonOf } from '@tapeline/core/errors';
import type { MetricOf } from '@tapeline/core/metrics/registered-metrics';
import type { MarketLog } from './market-log.ts';

export interface LogLagOptions {
  readonly log: Pick<MarketLog, 'offsets'>;
  readonly topic: string;
  readonly gauge: MetricOf<'tapeline_stream_processor_lag_records' | 'tapeline_live_board_lag_records'>;
  /** Of each partition of the reader the next record to read, always of the same ones; `undefined` where it is not known yet. */
  readonly nextOffsets: () => Iterable<readonly [number, number | undefined]>;
  /** Milliseconds that never go back. @default performance.now */
  readonly now?: () => number;
}

/** Feeds tell heartbeats four times a second: no batch for so long is no usual pause. */
const askAfterMs = 5_000;
const forgetAfterMs = 15_000;

export class LogLag {
  readonly #options: LogLagOptions;
  readonly #now: () => number;
  /** By partition. */
  readonly #toldMs: Map<number, number>;
  /** When the log was heard last. */
  #answeredMs: number;
  #failure: string | undefined;
  #isAsking = false;
  #isClosed = false;

  constructor(options: LogLagOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#answeredMs = this.#now();
    this.#toldMs = new Map([...options.nextOffsets()].map(([partition]) => [partition, this.#answeredMs]));
  }

  /** That the log does not answer; `undefined` while it does. */
  get problem(): string | undefined {
    if (this.#now() - this.#answeredMs < forgetAfterMs) return undefined;
    return this.#failure === undefined ? 'the log does not answer' : `the log does not answer: ${this.#failure}`;
  }

  /** A batch of the partition was read. */
  tell(partition: number, records: number): void {
    if (this.#isClosed) return;
    this.#answered();
    this.#toldMs.set(partition, this.#answeredMs);
    this.#options.gauge.set({ partition: String(partition) }, records);
  }

  /** To be called about once a second. */
  look(): void {
    const nowMs = this.#now();
    for (const [partition, toldMs] of this.#toldMs) if (nowMs - toldMs >= forgetAfterMs) this.#forget(partition);
    if (nowMs - Math.min(...this.#toldMs.values()) >= askAfterMs && !this.#isAsking) void this.#ask();
  }

  /** The partitions are another's from here on. */
  close(): void {
    this.#isClosed = true;
    for (const partition of this.#toldMs.keys()) this.#forget(partition);
  }

  async #ask(): Promise<void> {
    const { log, topic, nextOffsets } = this.#options;
    this.#isAsking = true;
    try {
      const offsets = await log.offsets(topic);
      this.#answered();
      const next = new Map(nextOffsets());
      for (const { partition, highWatermark } of offsets) {
        const nextOffset = next.get(partition);
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

  #forget(partition: number): void {
    this.#options.gauge.remove(String(partition));
  }
}
