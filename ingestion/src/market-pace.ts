/**
 * How lively each market usually is, and so how long a connection may be silent before it counts as mute. The longest silence of the last quarter
 * to half hour of a market is usual there; four times as long is not. What is judged is the whole connection, so a quiet symbol costs nothing.
 * Pure: times are arguments, of a clock that only goes forward. Bounded by the markets of the feed.
 */

export interface MarketPaceOptions {
  /** Exact when set, whatever is usual and whether a market is open or not. */
  readonly muteTimeoutMs?: number | undefined;
  /** False where prices come at the pace of a test: {@link unknownPatienceMs} always. @default true */
  readonly adapts?: boolean;
}

/** Waited for while nobody knows what is usual. */
const unknownPatienceMs = 60_000;
/** However lively a market is. */
const shortestPatienceMs = 15_000;
/** However quiet it is. */
const longestPatienceMs = 300_000;

const timesUsual = 4;
/** Silences between prices that have to be known before they say what is usual. */
const enoughSilences = 20;
const periodMs = 900_000;

interface Pace {
  lastPriceMs: number | undefined;
  silences: number;
  periodStartMs: number;
  /** The longest silence of this period, and of the one before. */
  longestMs: number;
  longestBeforeMs: number;
}

export class MarketPace {
  readonly #options: MarketPaceOptions;
  readonly #paces = new Map<string, Pace>();

  constructor(options: MarketPaceOptions = {}) {
    this.#options = options;
  }

  /** A price of this market came; of one that nobody can name it says nothing. */
  price(market: string | undefined, nowMs: number): void {
    if (market === undefined) return;
    const pace = this.#paceOf(market, nowMs);
    if (pace.lastPriceMs !== undefined) {
      pace.silences += 1;
      notice(pace, nowMs - pace.lastPriceMs, nowMs);
    }
    pace.lastPriceMs = nowMs;
  }

  /** How long silence is borne while these markets are open: that of the liveliest; `undefined` while nothing is expected. */
  patienceMs(open: readonly string[]): number | undefined {
    const { muteTimeoutMs, adapts = true } = this.#options;
    this.#rest(open);
    if (muteTimeoutMs !== undefined) return muteTimeoutMs;
    if (open.length === 0) return undefined;
    return adapts ? Math.min(...open.map(market => patienceOf(this.#paces.get(market)))) : unknownPatienceMs;
  }

  /**
   * The connection was left for its silence. Whether feed or markets were silent nobody knows, so the next time it is waited twice as long:
   * a market that has become quiet soon costs no more reconnects.
   */
  muted(open: readonly string[], silenceMs: number, nowMs: number): void {
    for (const market of open) notice(this.#paceOf(market, nowMs), (2 * silenceMs) / timesUsual, nowMs);
  }

  /** The connection ended, or was not read: the time until the next price is no silence of a market. */
  interrupted(): void {
    this.#rest([]);
  }

  /** The time until a closed market opens is no silence either. */
  #rest(open: readonly string[]): void {
    for (const [market, pace] of this.#paces) if (!open.includes(market)) pace.lastPriceMs = undefined;
  }

  #paceOf(market: string, nowMs: number): Pace {
    const known = this.#paces.get(market);
    if (known !== undefined) return known;
    const pace: Pace = { lastPriceMs: undefined, silences: 0, periodStartMs: nowMs, longestMs: 0, longestBeforeMs: 0 };
    this.#paces.set(market, pace);
    return pace;
  }
}

function notice(pace: Pace, silenceMs: number, nowMs: number): void {
  const periods = Math.floor((nowMs - pace.periodStartMs) / periodMs);
  if (periods > 0) {
    pace.longestBeforeMs = periods === 1 ? pace.longestMs : 0;
    pace.longestMs = 0;
    pace.periodStartMs += periods * periodMs;
  }
  pace.longestMs = Math.max(pace.longestMs, silenceMs);
}

function patienceOf(pace: Pace | undefined): number {
  if (pace === undefined) return unknownPatienceMs;
  const unusualMs = timesUsual * Math.max(pace.longestMs, pace.longestBeforeMs);
  const leastMs = pace.silences < enoughSilences ? unknownPatienceMs : shortestPatienceMs;
  return Math.min(longestPatienceMs, Math.max(leastMs, unusualMs));
}
