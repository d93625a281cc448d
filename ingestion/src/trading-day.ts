/**
 * The trading day that a moment belongs to: the exchange's calendar day by its IANA zone, UTC's for crypto and for what is
 * unknown, and for forex from 17:00 to 17:00 in New York, labelled with the date on which it ends.
 */
import { exchangeOf } from './exchanges.ts';
import { type InstrumentFacts, instrumentClass } from './instrument-class.ts';
import { addDays, zonedMoment, zonedTime } from './zoned-time.ts';

export interface TradingDay {
  /** Label, `YYYY-MM-DD`. */
  readonly tradingDay: string;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

const dayMs = 86_400_000;
const forexZone = 'America/New_York';
const forexEndMinute = 17 * 60;

/**
 * Finds trading days and remembers the two latest of each zone, because `Intl` is slow and ticks near a day's end
 * belong to both sides of it. Its size is bounded by the table of exchanges.
 */
export class TradingDays {
  readonly #known = new Map<string, readonly TradingDay[]>();

  /** The day that `timeMs` belongs to for such an instrument. */
  of(timeMs: number, facts: InstrumentFacts): TradingDay {
    const kind = instrumentClass(facts);
    if (kind === 'forex') return this.#remembered('forex', timeMs, forexDay);
    const zone = kind === 'exchange' ? exchangeOf(facts.exchange)?.zone : undefined;
    return zone === undefined ? utcDay(timeMs) : this.#remembered(zone, timeMs, moment => exchangeDay(moment, zone));
  }

  #remembered(calendar: string, timeMs: number, find: (timeMs: number) => TradingDay): TradingDay {
    const known = this.#known.get(calendar) ?? [];
    const hit = known.find(day => timeMs >= day.startMs && timeMs < day.endMs);
    if (hit) return hit;
    const found = find(timeMs);
    this.#known.set(calendar, [found, ...known.slice(0, 1)]);
    return found;
  }
}

function utcDay(timeMs: number): TradingDay {
  const startMs = Math.floor(timeMs / dayMs) * dayMs;
  return { tradingDay: new Date(startMs).toISOString().slice(0, 10), startMs, endMs: startMs + dayMs };
}

function exchangeDay(timeMs: number, zone: string): TradingDay {
  const { date } = zonedTime(timeMs, zone);
  return { tradingDay: date, startMs: zonedMoment(date, 0, zone), endMs: zonedMoment(addDays(date, 1), 0, zone) };
}

function forexDay(timeMs: number): TradingDay {
  const { date, minuteOfDay } = zonedTime(timeMs, forexZone);
  const tradingDay = minuteOfDay < forexEndMinute ? date : addDays(date, 1);
  return {
    tradingDay,
    startMs: zonedMoment(addDays(tradingDay, -1), forexEndMinute, forexZone),
    endMs: zonedMoment(tradingDay, forexEndMinute, forexZone),
  };
}
