/**
 * The vendor's own account of a key's credits: so many in each minute of its clock and in each day (UTC). What would go beyond is refused,
 * costs nothing, and is kept: a client that never overspends leaves `refusals` empty.
 */
import { dateText } from '@tapeline/core/time-text';

export interface CreditRefusal {
  readonly timeMs: number;
  readonly window: 'minute' | 'day';
  readonly credits: number;
  /** Already used in that window. */
  readonly used: number;
}

export interface CreditPlan {
  readonly creditsPerMinute: number;
  readonly creditsPerDay: number;
}

const minuteMs = 60_000;
const mostRefusals = 1_000;

export class CreditAccount {
  readonly plan: CreditPlan;
  /** The newest 1,000. */
  readonly refusals: CreditRefusal[] = [];
  /** Credits by day, as `YYYY-MM-DD`. */
  readonly days = new Map<string, number>();
  #minute = -1;
  #usedInMinute = 0;
  #most = 0;

  constructor(plan: CreditPlan) {
    this.plan = plan;
  }

  /** The most that were used in any one minute. */
  get mostInMinute(): number {
    return this.#most;
  }

  /** Used since the account began. */
  get total(): number {
    return [...this.days.values()].reduce((sum, used) => sum + used, 0);
  }

  /** Counts a request, or says why not. */
  spend(credits: number, timeMs: number): CreditRefusal | undefined {
    const day = dateText(timeMs);
    const usedInDay = this.days.get(day) ?? 0;
    const { used } = this.minute(timeMs);
    if (usedInDay + credits > this.plan.creditsPerDay) return this.#refuse({ timeMs, window: 'day', credits, used: usedInDay });
    if (used + credits > this.plan.creditsPerMinute) return this.#refuse({ timeMs, window: 'minute', credits, used });
    this.#usedInMinute = used + credits;
    this.#most = Math.max(this.#most, this.#usedInMinute);
    this.days.set(day, usedInDay + credits);
    return undefined;
  }

  /** Of the minute that `timeMs` is in: what the headers say. */
  minute(timeMs: number): { readonly used: number; readonly left: number } {
    const minute = Math.floor(timeMs / minuteMs);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#usedInMinute = 0;
    }
    return { used: this.#usedInMinute, left: this.plan.creditsPerMinute - this.#usedInMinute };
  }

  #refuse(refusal: CreditRefusal): CreditRefusal {
    this.refusals.push(refusal);
    if (this.refusals.length > mostRefusals) this.refusals.shift();
    return refusal;
  }
}
