/**
 * The calendar of one market: which trading day a moment belongs to, in which sessions of it is traded, and when the market opens
 * and closes next. Days follow each other without a gap, so weekends and holidays are days too, without sessions.
 */
import { addDays, weekdayOf, zonedMoment, zonedTime } from './zoned-time.ts';

export type SessionKind = 'pre-market' | 'regular' | 'post-market';

/** Hours of trading as minutes after the midnight that begins the date, half-open; below 0 they begin the day before. */
export interface TradingHours {
  readonly kind: SessionKind;
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** What a calendar is made of. */
export interface CalendarRules {
  /** IANA name. */
  readonly zone: string;
  /** Minute of the date at which its trading day ends and the next one begins. @default 1,440, the midnight after it */
  readonly dayEndMinute?: number;
  /** Hours of a date (`YYYY-MM-DD`; weekday 0 is Sunday) within its trading day: in order, not overlapping, none when closed. */
  readonly hoursOf: (date: string, weekday: number) => readonly TradingHours[];
}

/** A time of trading, half-open. */
export interface TradingSession {
  readonly kind: SessionKind;
  readonly openMs: number;
  readonly closeMs: number;
}

export interface TradingDay {
  /** Label, `YYYY-MM-DD`. */
  readonly day: string;
  readonly startMs: number;
  /** Exclusive; the next day's start. */
  readonly endMs: number;
  /** In order; those that touch are not joined. */
  readonly sessions: readonly TradingSession[];
}

/** A stretch of time in which a market is open throughout, half-open. */
export interface OpenSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What comes next, for the moments of a day before `untilMs` and from the one before it in the list on. */
interface Turn {
  readonly untilMs: number;
  readonly openMs: number | undefined;
  readonly closeMs: number | undefined;
}

const dayMs = 86_400_000;
const minutesOfDay = 1_440;
/** No market that opens and closes at all rests or trades for so long. */
const horizonMs = 31 * dayMs;
const mostDays = 64;

/** Answers of the running day cost a few comparisons; what is remembered is bounded. It holds no clock: each time is an argument. */
export class TradingCalendar {
  readonly zone: string;
  readonly #rules: CalendarRules;
  readonly #kinds: readonly SessionKind[];
  readonly #days = new Map<string, TradingDay>();
  readonly #turns = new WeakMap<TradingDay, readonly Turn[]>();
  /** The two latest answers: ticks near a day's end belong to both sides of it. */
  #latest: TradingDay | undefined;
  #before: TradingDay | undefined;

  /** @param kinds sessions that count. @default those of regular trading */
  constructor(rules: CalendarRules, kinds: readonly SessionKind[] = ['regular']) {
    this.zone = rules.zone;
    this.#rules = rules;
    this.#kinds = kinds;
  }

  /** The one day that `timeMs` belongs to. */
  tradingDayOf(timeMs: number): TradingDay {
    const latest = this.#latest;
    if (latest !== undefined && timeMs >= latest.startMs && timeMs < latest.endMs) return latest;
    const before = this.#before;
    this.#before = latest;
    this.#latest = before !== undefined && timeMs >= before.startMs && timeMs < before.endMs ? before : this.#find(timeMs);
    return this.#latest;
  }

  /** The day of that label, a date as `YYYY-MM-DD`. */
  day(date: string): TradingDay {
    const known = this.#days.get(date);
    if (known !== undefined) return known;
    const [oldest] = this.#days.keys();
    if (oldest !== undefined && this.#days.size >= mostDays) this.#days.delete(oldest);
    const made = this.#makeDay(date);
    this.#days.set(date, made);
    return made;
  }

  /** True while the market trades. */
  isOpen(timeMs: number): boolean {
    const { sessions } = this.tradingDayOf(timeMs);
    for (const { openMs, closeMs } of sessions) if (timeMs >= openMs && timeMs < closeMs) return true;
    return false;
  }

  /** The first moment after `timeMs` at which the market opens; `undefined` where there is none within 31 days. */
  nextOpenMs(timeMs: number): number | undefined {
    return this.#turnAfter(timeMs)?.openMs;
  }

  /** The first moment after `timeMs` at which the market closes; `undefined` where there is none within 31 days, as for crypto. */
  nextCloseMs(timeMs: number): number | undefined {
    return this.#turnAfter(timeMs)?.closeMs;
  }

  /** The days that touch `[fromMs, toMs)`, in order. */
  *days(fromMs: number, toMs: number): Generator<TradingDay, void, undefined> {
    if (fromMs >= toMs) return;
    let day = this.#find(fromMs);
    while (day.startMs < toMs) {
      yield day;
      day = this.day(addDays(day.day, 1));
    }
  }

  /** Where the market is open in `[fromMs, toMs)`: cut to it, in order, sessions that touch joined, also over the end of a day. */
  *openSpans(fromMs: number, toMs: number): Generator<OpenSpan, void, undefined> {
    let span: OpenSpan | undefined;
    for (const { openMs, closeMs } of this.#sessions(fromMs, toMs)) {
      const next = { fromMs: Math.max(openMs, fromMs), toMs: Math.min(closeMs, toMs) };
      const touches = span !== undefined && span.toMs === next.fromMs;
      if (span !== undefined && !touches) yield span;
      span = { fromMs: touches && span !== undefined ? span.fromMs : next.fromMs, toMs: next.toMs };
    }
    if (span !== undefined) yield span;
  }

  *#sessions(fromMs: number, toMs: number): Generator<TradingSession, void, undefined> {
    for (const { sessions } of this.days(fromMs, toMs)) {
      yield* sessions.filter(({ openMs, closeMs }) => closeMs > fromMs && openMs < toMs);
    }
  }

  #turnAfter(timeMs: number): Turn | undefined {
    const day = this.tradingDayOf(timeMs);
    const known = this.#turns.get(day);
    const turns = known ?? this.#turnsIn(day);
    if (known === undefined) this.#turns.set(day, turns);
    return turns.find(({ untilMs }) => timeMs < untilMs);
  }

  /** Between two edges of sessions nothing changes, so what holds at the first holds until the second. */
  #turnsIn({ startMs, endMs, sessions }: TradingDay): readonly Turn[] {
    const edges = [startMs, ...sessions.flatMap(({ openMs, closeMs }) => [openMs, closeMs])];
    return edges.map((edgeMs, index) => ({ untilMs: edges[index + 1] ?? endMs, ...this.#nextAfter(edgeMs) }));
  }

  #nextAfter(timeMs: number): Omit<Turn, 'untilMs'> {
    const limitMs = timeMs + horizonMs;
    const spans = this.openSpans(timeMs, limitMs);
    const first: OpenSpan | undefined = spans.next().value ?? undefined;
    const next: OpenSpan | undefined = first?.fromMs === timeMs ? (spans.next().value ?? undefined) : first;
    return { openMs: next?.fromMs, closeMs: first?.toMs === limitMs ? undefined : first?.toMs };
  }

  #find(timeMs: number): TradingDay {
    const { date, minuteOfDay } = zonedTime(timeMs, this.zone);
    return this.day(minuteOfDay < (this.#rules.dayEndMinute ?? minutesOfDay) ? date : addDays(date, 1));
  }

  #makeDay(day: string): TradingDay {
    const endMinute = this.#rules.dayEndMinute ?? minutesOfDay;
    const momentOf = (minute: number) => zonedMoment(day, minute, this.zone);
    const hours = this.#rules.hoursOf(day, weekdayOf(day)).filter(({ kind }) => this.#kinds.includes(kind));
    const sessions = hours.map(({ kind, fromMinute, toMinute }) => ({
      kind,
      openMs: momentOf(fromMinute),
      closeMs: momentOf(toMinute),
    }));
    return { day, startMs: momentOf(endMinute - minutesOfDay), endMs: momentOf(endMinute), sessions };
  }
}
