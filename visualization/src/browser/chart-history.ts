/** Reads what is past for the chart: its newest bars, older ones as one scrolls back, and the gaps and alerts of their time. */
import type { Interval } from '@tapeline/core/intervals';
import type { BoardAlert, BoardBar } from '../board-messages.ts';
import { askBack, askBars } from './market-api.ts';
import type { GapSpan, TimeSpan } from './time-slots.ts';

export interface Choice {
  readonly symbol: string;
  readonly interval: Interval;
}

export interface HistoryEvents {
  /** The newest bars are there; `undefined` after a failure, which is tried again. */
  readonly newest: (bars: readonly BoardBar[] | undefined, failure: string) => void;
  readonly older: (bars: readonly BoardBar[]) => void;
  /** Bars that were read before and are read again, the newest of them first: all that there are in the span. */
  readonly again: (bars: readonly BoardBar[], span: TimeSpan) => void;
  /** Bars of this span closed and are not known to the server. */
  readonly missing: (span: TimeSpan) => void;
  /** Those that were missing up to this time are known now. */
  readonly known: (toMs: number) => void;
  readonly gaps: (gaps: readonly GapSpan[]) => void;
  readonly alerts: (alerts: readonly BoardAlert[]) => void;
}

const retryMs = 3_000;
/** The processors need a while for what they are behind. */
const missingWaitMs = 5_000;
/** A server that has just begun does not know the newest bars yet. */
const beginWaitMs = 5_000;
const newestBars = 500;
const olderBars = 1_000;
const gapsOfPage = 1_000;
const alertsOfPage = 500;
/** A page holds what is of the symbol among 50,000 rows of all symbols. */
const mostPages = 10;
const dayMs = 86_400_000;
/** The server looks at no longer range of gaps and alerts at once. */
const longestRangeMs = 1_100 * dayMs;

export class ChartHistory {
  readonly #events: HistoryEvents;
  #choice: Choice | undefined;
  #loading = new AbortController();
  #isAskingOlder = false;
  #hasOlder = true;
  #missing: TimeSpan | undefined;

  constructor(events: HistoryEvents) {
    this.#events = events;
  }

  /** Reads the newest bars of a choice and forgets what was being read. */
  begin(choice: Choice): void {
    this.#loading.abort();
    this.#loading = new AbortController();
    const missing = choice.symbol === this.#choice?.symbol && choice.interval === this.#choice.interval ? this.#missing : undefined;
    this.#missing = undefined;
    this.#choice = choice;
    this.#isAskingOlder = false;
    this.#hasOlder = true;
    void this.#newest(choice, this.#loading.signal);
    this.#lack(choice, missing, this.#loading.signal);
  }

  /** Reads what is before `beforeMs`, unless that is under way or there is nothing. */
  older(beforeMs: number): void {
    if (this.#choice === undefined || this.#isAskingOlder || !this.#hasOlder) return;
    this.#isAskingOlder = true;
    void this.#older(this.#choice, beforeMs, this.#loading.signal);
  }

  /** Reads what is shown of before the newest bars again: there, too, bars were corrected, or other tables serve. */
  again(span: TimeSpan): void {
    if (this.#choice !== undefined && span.fromMs < span.toMs) void this.#again(this.#choice, span, this.#loading.signal);
  }

  /** Reads what is shown of after the newest bars again: what the server does not have in a while it never had. */
  againInAWhile(span: TimeSpan): void {
    const [choice, { signal }] = [this.#choice, this.#loading];
    if (choice === undefined || span.fromMs >= span.toMs) return;
    setTimeout(() => {
      if (!signal.aborted) void this.#again(choice, span, signal);
    }, beginWaitMs);
  }

  /** False once the oldest bar was read. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Of these nobody knows the bars yet. */
  get missing(): TimeSpan | undefined {
    return this.#missing;
  }

  /** Reads the gaps and alerts of bars. */
  around(bars: readonly BoardBar[]): void {
    const [first, last] = [bars[0], bars.at(-1)];
    if (first === undefined || last === undefined) return;
    // Two days more: a bar of a day ends at its exchange's midnight, and a gap may go on after the last bar.
    const toMs = last.startMs + 2 * dayMs;
    void this.#around(first.symbol, { from: Math.max(0, first.startMs, toMs - longestRangeMs), to: toMs }, this.#loading.signal);
  }

  async #newest(choice: Choice, signal: AbortSignal): Promise<void> {
    try {
      const { bars, missing } = await askBars({ ...choice, indicators: 'true', limit: newestBars }, signal);
      if (signal.aborted) return;
      this.#lack(choice, missing, signal);
      this.#events.newest(bars, '');
    } catch (error) {
      if (signal.aborted) return;
      this.#events.newest(undefined, error instanceof Error ? error.message : String(error));
      setTimeout(() => {
        if (!signal.aborted) void this.#newest(choice, signal);
      }, retryMs);
    }
  }

  async #older(choice: Choice, toMs: number, signal: AbortSignal): Promise<void> {
    try {
      const { bars, missing } = await askBars({ ...choice, indicators: 'true', limit: olderBars, to: toMs }, signal);
      if (signal.aborted) return;
      this.#lack(choice, missing, signal);
      this.#hasOlder = bars.length === olderBars;
      this.#isAskingOlder = false;
      this.#events.older(bars);
    } catch {
      // Not at once again: the reader's next scroll would ask many times a second.
      setTimeout(() => {
        if (!signal.aborted) this.#isAskingOlder = false;
      }, retryMs);
    }
  }

  async #again(choice: Choice, { fromMs, toMs }: TimeSpan, signal: AbortSignal): Promise<void> {
    try {
      const query = { ...choice, indicators: 'true', limit: olderBars, from: fromMs, to: toMs };
      const { bars, missing } = await askBars(query, signal);
      if (signal.aborted) return;
      this.#lack(choice, missing, signal);
      const [first] = bars;
      const hasMore = first !== undefined && bars.length === olderBars;
      this.#events.again(bars, { fromMs: hasMore ? first.startMs : fromMs, toMs });
      if (hasMore) void this.#again(choice, { fromMs, toMs: first.startMs }, signal);
    } catch {
      setTimeout(() => {
        if (!signal.aborted) void this.#again(choice, { fromMs, toMs }, signal);
      }, retryMs);
    }
  }

  /** Tells of bars that are not known yet, and asks until they are. */
  #lack(choice: Choice, missing: TimeSpan | undefined, signal: AbortSignal): void {
    if (missing === undefined) return;
    const isAsking = this.#missing !== undefined;
    this.#missing = missing;
    this.#events.missing(missing);
    if (!isAsking) this.#askAgain(choice, signal);
  }

  #askAgain(choice: Choice, signal: AbortSignal): void {
    setTimeout(() => {
      if (!signal.aborted) void this.#missed(choice, signal);
    }, missingWaitMs);
  }

  async #missed(choice: Choice, signal: AbortSignal): Promise<void> {
    const span = this.#missing;
    if (span === undefined) return;
    const found = await askBars({ ...choice, from: span.fromMs, to: span.toMs, limit: 1 }, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (found === undefined || found.missing !== undefined) return this.#askAgain(choice, signal);
    this.#missing = undefined;
    this.#events.known(span.toMs);
  }

  async #around(symbol: string, range: { readonly from: number; readonly to: number }, signal: AbortSignal): Promise<void> {
    const [gaps, alerts] = await Promise.allSettled([
      askBack('gaps', { symbol, ...range, limit: gapsOfPage, pages: mostPages }, signal),
      askBack('alerts', { symbol, ...range, limit: alertsOfPage, pages: mostPages }, signal),
    ]);
    if (signal.aborted) return;
    // What failed stays as it was until the next time: the bars' own flags are there.
    if (gaps.status === 'fulfilled') this.#events.gaps(gaps.value);
    if (alerts.status === 'fulfilled') this.#events.alerts(alerts.value);
  }
}
