/** Market hours as rules need them. Each time is an argument; the calendars know rules, no clock. */
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import type { TradingCalendar } from '@tapeline/core/calendars/trading-calendar';

/** Longer than a rule may wait for a price, so nothing before it counts. */
const lookBackMs = 8 * 86_400_000;

export class OpeningHours {
  /** `undefined`: always open. */
  readonly #calendar: TradingCalendar | undefined;
  /** The last answer of `openSinceMs`: many symbols ask for one heartbeat. */
  #asked: { readonly timeMs: number; readonly sinceMs: number | undefined } | undefined;

  /** @param market a market's name, or `always` */
  constructor(market: string) {
    this.#calendar = market === 'always' ? undefined : calendarOf(market);
  }

  /** True when the market is open just before `timeMs`: at the end of a bar that lies within its hours, the one of the close included. */
  areOpenBefore(timeMs: number): boolean {
    return this.#calendar === undefined || this.#calendar.isOpen(timeMs - 1);
  }

  /** True when the market is open in a part of the span. */
  touch(fromMs: number, toMs: number): boolean {
    if (this.#calendar === undefined || this.#calendar.isOpen(fromMs)) return true;
    const openMs = this.#calendar.nextOpenMs(fromMs);
    return openMs !== undefined && openMs < toMs;
  }

  /** Since when the market has been open without a break, at most 8 days ago; 0 for always; `undefined` while it is closed. */
  openSinceMs(timeMs: number): number | undefined {
    if (this.#calendar === undefined) return 0;
    if (this.#asked?.timeMs !== timeMs) this.#asked = { timeMs, sinceMs: openSinceMs(this.#calendar, timeMs) };
    return this.#asked.sinceMs;
  }
}

function openSinceMs(calendar: TradingCalendar, timeMs: number): number | undefined {
  if (!calendar.isOpen(timeMs)) return undefined;
  const spans = [...calendar.openSpans(timeMs - lookBackMs, timeMs + 1)];
  return spans.at(-1)?.fromMs;
}
