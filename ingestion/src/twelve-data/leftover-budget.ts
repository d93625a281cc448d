/**
 * Credits for what can wait: only those that nobody else takes. Whoever is in a hurry takes what is free at once, so what has been free for a while
 * is left over; and some credits of the minute and of the day stay untouched, for a gap that comes next.
 */
import { pause as realPause } from '@tapeline/core/pause';
import type { CreditBudget, Grant } from './credit-budget.ts';
import type { CreditLimits } from './credit-ledger.ts';

export interface LeftoverBudgetOptions {
  readonly budget: Pick<CreditBudget, 'take' | 'limits' | 'left'>;
  /** Credits must have been free for so long. @default two seconds, or a credit's share of the minute when that is shorter */
  readonly quietMs?: number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const minuteMs = 60_000;
const longestQuietMs = 2_000;
/** Where nothing is left, the next look: a minute or a day must begin. */
const longestLookMs = 15_000;
/** Of a day's credits. */
const keptShareOfDay = 0.25;

export class LeftoverBudget {
  readonly #budget: LeftoverBudgetOptions['budget'];
  readonly #quietMs: number;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor({ budget, quietMs, pause = realPause }: LeftoverBudgetOptions) {
    this.#budget = budget;
    this.#quietMs = quietMs ?? Math.min(longestQuietMs, minuteMs / budget.limits.creditsPerMinute);
    this.#pause = pause;
  }

  get limits(): CreditLimits {
    return this.#budget.limits;
  }

  /** As {@link CreditBudget.take}, once so many credits are left over. */
  async take(credits: number, signal: AbortSignal): Promise<Grant> {
    await this.#leftOver(credits, signal);
    return this.#budget.take(credits, signal);
  }

  async #leftOver(credits: number, signal: AbortSignal): Promise<void> {
    const { creditsPerMinute, creditsPerDay } = this.limits;
    // A plan that gives no more than the request costs has nothing to keep; what is more than it ever gives is refused by the budget.
    const ofMinute = Math.min(creditsPerMinute, credits + 1);
    const ofDay = creditsPerDay === undefined ? credits : Math.min(creditsPerDay, credits + Math.floor(creditsPerDay * keptShareOfDay));
    let before: number | undefined;
    let lookMs = this.#quietMs;
    for (;;) {
      signal.throwIfAborted();
      const { minute, day } = await this.#budget.left();
      const isEnough = minute >= ofMinute && day >= ofDay;
      if (isEnough && before !== undefined && minute >= before) return;
      lookMs = isEnough ? this.#quietMs : Math.min(longestLookMs, lookMs * 2);
      before = isEnough ? minute : undefined;
      await this.#pause(lookMs, signal);
    }
  }
}
