/**
 * This file tells people of a store or a log that is away, by the work that waits for it: a line when it begins, one every few seconds
 * while it lasts, one when the last of that work is done. Partitions have several writes under way, and each is tried many times.
 */
import { counted } from '@tapeline/core/counted';
import type { ErrorCode, PipelineError } from '@tapeline/core/errors';
import type { Logger } from 'pino';

/** What is tried again, one object for all of its attempts. */
export interface WaitingWork {
  /** As in `writing results`. */
  readonly doing: string;
  readonly partition: number;
}

export interface OutagesOptions {
  readonly logger: Logger;
  /** @default 10,000 */
  readonly tellEveryMs?: number;
  /** Milliseconds that never go back. @default performance.now */
  readonly now?: () => number;
}

interface Outage {
  readonly sinceMs: number;
  readonly waiting: Set<WaitingWork>;
  toldMs: number;
  attempts: number;
  reason: string;
}

export class Outages {
  readonly #logger: Logger;
  readonly #tellEveryMs: number;
  readonly #now: () => number;
  /** By what its errors say: a store that is away beside a log that is away are two. */
  readonly #outages = new Map<ErrorCode, Outage>();

  constructor({ logger, tellEveryMs = 10_000, now = () => performance.now() }: OutagesOptions) {
    this.#logger = logger;
    this.#tellEveryMs = tellEveryMs;
    this.#now = now;
  }

  /** What waits, for whom and since when; `undefined` while nothing does. */
  get problem(): string | undefined {
    if (this.#outages.size === 0) return undefined;
    return [...this.#outages.values()].map(outage => `${outage.reason}: ${this.#waitingText(outage)}`).join('; ');
  }

  /** An attempt failed and is made again. */
  failed(work: WaitingWork, error: PipelineError): void {
    for (const [code, outage] of this.#outages) if (code !== error.code) this.#leave(work, code, outage);
    const nowMs = this.#now();
    const known = this.#outages.get(error.code);
    const outage = known ?? { sinceMs: nowMs, toldMs: nowMs, attempts: 0, reason: error.message, waiting: new Set() };
    this.#outages.set(error.code, outage);
    outage.waiting.add(work);
    outage.attempts += 1;
    outage.reason = error.message;
    if (known !== undefined && nowMs - outage.toldMs < this.#tellEveryMs) return;
    outage.toldMs = nowMs;
    const begin = `${work.doing}: ${error.message}; trying again, partition ${work.partition} waits`;
    const text = known === undefined ? begin : `still: ${error.message}; ${this.#waitingText(outage)}, still trying`;
    this.#logger.error({ ...this.#factsOf(outage), code: error.code }, text);
  }

  /** An attempt succeeded, or nobody waits for it any more. */
  over(work: WaitingWork, isDone: boolean): void {
    for (const [code, outage] of this.#outages) {
      this.#leave(work, code, outage);
      if (this.#outages.has(code) || !isDone) continue;
      this.#logger.info(
        { ...this.#factsOf(outage), code },
        `${work.doing}: done at last after ${this.#secondsOf(outage)} s, all partitions go on`,
      );
    }
  }

  #leave(work: WaitingWork, code: ErrorCode, outage: Outage): void {
    outage.waiting.delete(work);
    if (outage.waiting.size === 0) this.#outages.delete(code);
  }

  #factsOf(outage: Outage): Readonly<Record<string, unknown>> {
    const { attempts, waiting } = outage;
    return { partitions: partitionsOf(waiting), attempts, seconds: this.#secondsOf(outage) };
  }

  #waitingText(outage: Outage): string {
    const partitions = counted(partitionsOf(outage.waiting).length, 'partition waits', 'partitions wait');
    return `${partitions} for ${this.#secondsOf(outage)} s, ${counted(outage.attempts, 'attempt')} failed`;
  }

  #secondsOf({ sinceMs }: Outage): number {
    return Math.round((this.#now() - sinceMs) / 1_000);
  }
}

function partitionsOf(waiting: ReadonlySet<WaitingWork>): readonly number[] {
  return [...new Set([...waiting].map(({ partition }) => partition))].sort((a, b) => a - b);
}
