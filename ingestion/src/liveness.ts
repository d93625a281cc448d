/**
 * Judges a connection by what it heard and when: dead (no pong), unanswered (no word about the subscription), mute (no prices).
 * The whole connection is judged, never one symbol. Pure: times are arguments, of a clock that only goes forward.
 */

export interface LivenessOptions {
  /** A ping without a pong, or anything else received, for so long means dead. */
  readonly pongTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

export type Verdict = 'alive' | 'no pong' | 'no answer to the subscription' | 'mute';

/** While the markets are closed, whether they opened is looked up this often. */
const marketCheckMs = 1_000;

export class Liveness {
  readonly #options: LivenessOptions;
  #openedMs: number;
  #heardMs: number;
  /** Pings since anything was heard: one alone may wait in a process that was held up itself. */
  #pings = 0;
  #quietSinceMs: number | undefined;
  /** False while nothing was accepted: no prices are expected then. */
  #expectsPrices = true;

  constructor(options: LivenessOptions, nowMs: number) {
    this.#options = options;
    this.#openedMs = nowMs;
    this.#heardMs = nowMs;
  }

  /** A message or a pong. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#pings = 0;
  }

  pinged(): void {
    this.#pings += 1;
  }

  /** Nothing was read for so long, up to now: that silence was ours. Pings sent meanwhile prove nothing. */
  suspended(ms: number, nowMs: number): void {
    this.#openedMs = Math.min(nowMs, this.#openedMs + ms);
    this.#heardMs = Math.min(nowMs, this.#heardMs + ms);
    if (this.#quietSinceMs !== undefined) this.#quietSinceMs = Math.min(nowMs, this.#quietSinceMs + ms);
    this.#pings = 0;
  }

  /** The subscription's answer. */
  answered(nowMs: number, expectsPrices: boolean): void {
    if (expectsPrices && !this.#expectsPrices) this.#quietSinceMs = nowMs;
    this.#quietSinceMs = Math.max(this.#quietSinceMs ?? 0, nowMs);
    this.#expectsPrices = expectsPrices;
  }

  price(nowMs: number): void {
    this.#quietSinceMs = nowMs;
    this.#expectsPrices = true;
  }

  /** How long no price came. */
  silenceMs(nowMs: number): number {
    return nowMs - (this.#quietSinceMs ?? this.#openedMs);
  }

  /**
   * What can be said now, and how long nothing else can be said without news.
   * @param patienceMs how long a silence is borne; absent while no prices are expected because every market is closed.
   */
  judge(nowMs: number, patienceMs: number | undefined): { readonly verdict: Verdict; readonly againInMs: number } {
    const { pongTimeoutMs, answerTimeoutMs } = this.#options;
    if (this.#pings >= 2 && nowMs - this.#heardMs >= pongTimeoutMs) return { verdict: 'no pong', againInMs: 0 };
    if (this.#quietSinceMs === undefined) return waited('no answer to the subscription', this.#openedMs + answerTimeoutMs - nowMs);
    if (!this.#expectsPrices) return { verdict: 'alive', againInMs: marketCheckMs };
    if (patienceMs === undefined) {
      this.#quietSinceMs = nowMs;
      return { verdict: 'alive', againInMs: marketCheckMs };
    }
    return waited('mute', this.#quietSinceMs + patienceMs - nowMs);
  }
}

function waited(verdict: Verdict, leftMs: number): { readonly verdict: Verdict; readonly againInMs: number } {
  return leftMs <= 0 ? { verdict, againInMs: 0 } : { verdict: 'alive', againInMs: leftMs };
}
