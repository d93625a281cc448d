/** The account of a feed's absences, kept in the plainest way from what the feed gave out: nothing of it is the fold's. */
import type { SessionRecord } from '@tapeline/core/records';
import type { FeedEvent } from '@tapeline/ingestion/feed';

export interface Absence {
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Every absence of one feed that has ended, each symbol's in the order of time. */
export function absencesOf(events: readonly FeedEvent[]): readonly Absence[] {
  const account = new GapAccount();
  for (const event of events) {
    if (event.kind === 'session') account.session(event);
    if (event.kind === 'tick') account.tick(event.receivedTimeMs);
  }
  return account.absences;
}

class GapAccount {
  readonly absences: Absence[] = [];
  /** Receipt of the running session's last price; absent when it had none. */
  #lastDataMs: number | undefined;
  #session = 0;
  #beganMs = 0;
  #owned: ReadonlySet<string> = new Set();
  /** Since when each symbol that was owned once is nobody's. */
  readonly #absentSinceMs = new Map<string, number>();

  tick(receivedTimeMs: number): void {
    this.#lastDataMs = receivedTimeMs;
  }

  session(record: SessionRecord): void {
    const isNew = record.session !== this.#session;
    const now = new Set(record.symbols);
    const sinceMs = this.#lastDataMs ?? (isNew ? this.#beganMs : record.timeMs);
    for (const symbol of this.#owned) if (isNew || !now.has(symbol)) this.#absentSinceMs.set(symbol, sinceMs);
    // Who was nobody's was so for a millisecond at least, also where market time stood still.
    for (const symbol of now) this.#present(symbol, record.timeMs, this.#owned.has(symbol) ? 0 : 1);
    this.#owned = now;
    this.#session = record.session;
    if (!isNew) return;
    this.#beganMs = record.timeMs;
    this.#lastDataMs = undefined;
  }

  #present(symbol: string, timeMs: number, leastMs: number): void {
    const fromMs = this.#absentSinceMs.get(symbol);
    this.#absentSinceMs.delete(symbol);
    if (fromMs === undefined) return;
    const toMs = Math.max(timeMs, fromMs + leastMs);
    if (fromMs < toMs) this.absences.push({ symbol, fromMs, toMs });
  }
}
