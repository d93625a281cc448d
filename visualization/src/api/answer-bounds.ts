/** Keeps the memory of answers bounded: how many rows are read at once, how many bytes wait for their readers, and for how long. */
import type { ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { RequestError } from './query-parameters.ts';

export interface AnswerBoundsOptions {
  /** Rows that all answers in the making may hold together. @default 150,000 */
  readonly maxRows?: number;
  /** Requests that wait for their turn. @default 200 */
  readonly maxWaiting?: number;
  /** Bytes of all answers that their readers have not taken yet; beyond it nothing new is begun. @default 64 MiB */
  readonly maxUnsentBytes?: number;
  /** A reader that takes nothing for so long is cut off. @default 15,000 */
  readonly readerIdleMs?: number;
  /** A reader has so long for all of an answer. @default 120,000 */
  readonly readerTotalMs?: number;
}

export class AnswerBounds {
  readonly #options: Required<AnswerBoundsOptions>;
  readonly #waiting: { readonly rows: number; readonly begin: () => void }[] = [];
  #rows = 0;
  #unsentBytes = 0;

  constructor(options: AnswerBoundsOptions = {}) {
    this.#options = {
      maxRows: options.maxRows ?? 150_000,
      maxWaiting: options.maxWaiting ?? 200,
      maxUnsentBytes: options.maxUnsentBytes ?? 64 * 1_024 * 1_024,
      readerIdleMs: options.readerIdleMs ?? 15_000,
      readerTotalMs: options.readerTotalMs ?? 120_000,
    };
  }

  /**
   * Does the work when there is room for its rows, in the order of requests.
   * @throws RequestError `server.busy` when too many wait already, or too much is unread.
   */
  async whenRoom<T>(rows: number, work: () => Promise<T>): Promise<T> {
    const { maxRows, maxWaiting, maxUnsentBytes } = this.#options;
    const needed = Math.min(rows, maxRows);
    if (this.#unsentBytes > maxUnsentBytes || this.#waiting.length >= maxWaiting) throw busy();
    if (this.#waiting.length > 0 || this.#rows + needed > maxRows) {
      await new Promise<void>(begin => this.#waiting.push({ rows: needed, begin }));
    } else {
      this.#rows += needed;
    }
    try {
      return await work();
    } finally {
      this.#rows -= needed;
      this.#beginNext();
    }
  }

  /** Counts an answer until its reader has taken it, and cuts a reader off that does not. */
  watch(response: ServerResponse, bytes: number): void {
    const { readerIdleMs, readerTotalMs } = this.#options;
    this.#unsentBytes += bytes;
    response.setTimeout(readerIdleMs);
    const deadline = setTimeout(() => response.destroy(), readerTotalMs).unref();
    finished(response, () => {
      clearTimeout(deadline);
      this.#unsentBytes -= bytes;
      this.#beginNext();
    });
  }

  #beginNext(): void {
    const { maxRows, maxUnsentBytes } = this.#options;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#rows + next.rows > maxRows || this.#unsentBytes > maxUnsentBytes) return;
      this.#waiting.shift();
      this.#rows += next.rows;
      next.begin();
    }
  }
}

function busy(): RequestError {
  return new RequestError(503, 'server.busy', 'too many answers are being made or wait for slow readers: try again in a moment');
}
