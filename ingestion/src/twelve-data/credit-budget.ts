/**
 * Lets requests through so that a key's credits are never overspent, whoever uses it, in this process and in those that share its
 * store. First come, first served within a process. A claim is durable before the request goes out, so a process that is killed has spent it.
 */
import { randomUUID } from 'node:crypto';
import { usageError } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { pause as realPause } from '@tapeline/core/pause';
import type { Gauge, Registry } from 'prom-client';
import {
  type CreditLedger,
  type CreditLimits,
  claimableAtMs,
  claimed,
  creditsLeft,
  dayExhausted,
  givenBack,
  minuteExhausted,
  notAhead,
  othersUsed,
  settled,
} from './credit-ledger.ts';
import type { CreditStore } from './credit-store.ts';

export interface CreditBudgetOptions extends Partial<CreditLimits> {
  readonly store: CreditStore;
  readonly registry: Registry;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What an answer says about the credits. */
export interface CreditReport {
  /** In the vendor's current minute, by its header `api-credits-used`. */
  readonly used?: number;
  /** The vendor refused for want of credits. */
  readonly exhausted?: 'minute' | 'day';
}

/** Leave to send one request, and to do so at once. */
export interface Grant {
  /** To be called when an answer begins, and not when a request broke off without one: it may still be counted. */
  answered(report?: CreditReport): Promise<void>;
}

/** A new account, or `undefined` to leave it as it is. */
type Change = (ledger: CreditLedger, nowMs: number) => CreditLedger | undefined;

const defaultLimits: CreditLimits = {
  creditsPerMinute: 8,
  creditsPerDay: 800,
  longestRequestMs: 35_000,
  minuteToleranceMs: 1_000,
  dayToleranceMs: 60_000,
};

/** A process that stood still for longer between its claim and its leave to send may send too late: it gives back and claims again. */
const longestClaimMs = 2_000;
/** Clocks jump and others give credits free: look again after so long at most. */
const longestWaitMs = 3_600_000;

export class CreditBudget {
  readonly limits: CreditLimits;
  readonly #store: CreditStore;
  readonly #clock: () => number;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #metrics;
  /** Ends when all who came before are through. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Wakes the one who waits for credits. */
  #wake: (() => void) | undefined;
  /** How many answers there were: one that comes between a look at the account and the wait would wake nobody. */
  #answers = 0;
  #latestMs = 0;

  constructor(options: CreditBudgetOptions) {
    this.limits = {
      creditsPerMinute: options.creditsPerMinute ?? defaultLimits.creditsPerMinute,
      creditsPerDay: 'creditsPerDay' in options ? options.creditsPerDay : defaultLimits.creditsPerDay,
      longestRequestMs: options.longestRequestMs ?? defaultLimits.longestRequestMs,
      minuteToleranceMs: options.minuteToleranceMs ?? defaultLimits.minuteToleranceMs,
      dayToleranceMs: options.dayToleranceMs ?? defaultLimits.dayToleranceMs,
    };
    this.#store = options.store;
    this.#clock = options.clock ?? Date.now;
    this.#pause = options.pause ?? realPause;
    this.#metrics = metricsOf(options.registry);
  }

  /**
   * Waits until so many credits are free and claims them.
   * @throws the signal's reason when it aborts; PipelineError `usage` for more credits than the plan ever has.
   */
  async take(credits: number, signal: AbortSignal): Promise<Grant> {
    const { creditsPerMinute, creditsPerDay = Number.POSITIVE_INFINITY } = this.limits;
    const most = Math.min(creditsPerMinute, creditsPerDay);
    if (!Number.isInteger(credits) || credits < 1 || credits > most) {
      const message = `credits must be a whole number from 1 to ${most}, which is all that the plan gives at once, was ${credits}`;
      throw usageError(message);
    }
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await orAborted(before, signal);
      return await this.#claim(credits, signal);
    } finally {
      void before.then(() => resolve());
    }
  }

  /** Credits that could be claimed now. */
  async left(): Promise<{ readonly minute: number; readonly day: number }> {
    let left = { minute: 0, day: 0 };
    await this.#change((ledger, nowMs) => {
      left = creditsLeft(ledger, nowMs, this.limits);
      return undefined;
    });
    return left;
  }

  async #claim(credits: number, signal: AbortSignal): Promise<Grant> {
    for (;;) {
      signal.throwIfAborted();
      const id = randomUUID();
      const answers = this.#answers;
      let [claimedAtMs, atMs] = [0, 0];
      await this.#change((ledger, nowMs) => {
        claimedAtMs = nowMs;
        atMs = claimableAtMs(ledger, credits, nowMs, this.limits);
        return atMs > nowMs ? undefined : claimed(ledger, id, credits, nowMs, this.limits);
      });
      if (atMs <= claimedAtMs) {
        if (this.#nowMs() - claimedAtMs <= longestClaimMs) {
          this.#metrics.spent.inc(credits);
          return this.#granted(id, claimedAtMs);
        }
        await this.#change(ledger => givenBack(ledger, id, claimedAtMs, this.limits));
      } else if (answers === this.#answers) await this.#waited(atMs, signal);
    }
  }

  #granted(id: string, sentMs: number): Grant {
    return {
      answered: async (report = {}) => {
        await this.#change((ledger, nowMs) => this.#reported(ledger, report, { id, sentMs, nowMs }));
        this.#answers += 1;
        this.#wake?.();
      },
    };
  }

  #reported(
    ledger: CreditLedger,
    { used, exhausted }: CreditReport,
    { id, sentMs, nowMs }: { readonly id: string; readonly sentMs: number; readonly nowMs: number },
  ): CreditLedger {
    let next = settled(ledger, id, nowMs);
    if (used !== undefined) next = othersUsed(next, `${id}/others`, used, sentMs, nowMs, this.limits);
    if (exhausted === 'minute') next = minuteExhausted(next, `${id}/exhausted`, nowMs, this.limits);
    if (exhausted === 'day') next = dayExhausted(next, sentMs, this.limits);
    return next;
  }

  /** Reads, changes and replaces, again and again while others are faster. */
  async #change(change: Change): Promise<void> {
    for (;;) {
      const { version, ledger } = await this.#store.read();
      const nowMs = this.#nowMs();
      const sane = notAhead(ledger, nowMs, this.limits);
      const changed = change(sane, nowMs) ?? (sane === ledger ? undefined : sane);
      this.#show(changed ?? ledger, nowMs);
      if (changed === undefined || (await this.#store.replace(version, changed))) return;
    }
  }

  async #waited(untilMs: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#nowMs();
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    this.#metrics.waiting.set(1);
    await this.#pause(Math.max(1, Math.min(longestWaitMs, untilMs - nowMs)), AbortSignal.any([signal, woken.signal]));
    this.#metrics.waiting.set(0);
    this.#wake = undefined;
    this.#metrics.waited.inc(Math.max(0, this.#nowMs() - nowMs) / 1_000);
  }

  #show(ledger: CreditLedger, nowMs: number): void {
    const { minute, day } = creditsLeft(ledger, nowMs, this.limits);
    this.#metrics.minute.set(minute);
    setFinite(this.#metrics.day, day);
  }

  /**
   * Never goes back within a process, unless by more than a request lasts: then the clock was ahead and was set right, and to wait for the time
   * that it had told would be to stand still. Nothing is overspent by it: claims that are ahead then are held for as long as new ones.
   */
  #nowMs(): number {
    const clockMs = this.#clock();
    if (clockMs > this.#latestMs || clockMs < this.#latestMs - this.limits.longestRequestMs) this.#latestMs = clockMs;
    return this.#latestMs;
  }
}

function metricsOf(registry: Registry) {
  return {
    spent: metricOf(registry, 'tapeline_rest_credits_claimed_total'),
    waited: metricOf(registry, 'tapeline_rest_credits_wait_seconds_total'),
    waiting: metricOf(registry, 'tapeline_rest_credits_waiting'),
    minute: metricOf(registry, 'tapeline_rest_credits_minute_left'),
    day: metricOf(registry, 'tapeline_rest_credits_day_left'),
  };
}

function setFinite(gauge: Gauge, value: number): void {
  gauge.set(Number.isFinite(value) ? value : -1);
}

/** Resolves with `promise`, or rejects as soon as the signal aborts. */
async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
