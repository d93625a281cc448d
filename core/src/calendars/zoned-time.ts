/** Wall clocks of IANA time zones, by what `Intl` knows about daylight saving; dates are `YYYY-MM-DD`. */
import { dateText } from '../time-text.ts';

/** What a clock on the wall of a zone shows. */
export interface ZonedTime {
  readonly date: string;
  readonly minuteOfDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** What is remembered of a zone, because `Intl` is slow. */
interface Zone {
  readonly formatter: Intl.DateTimeFormat;
  /** Offsets at 00:00 UTC by day since the Unix epoch. */
  readonly offsets: Map<number, number>;
}

/** Bounded because zones come from tables in the code. */
const zones = new Map<string, Zone>();
const mostOffsets = 4_000;

/** What the clock of `zone` shows at `timeMs`. */
export function zonedTime(timeMs: number, zone: string): ZonedTime {
  const shownMs = timeMs + offsetMs(timeMs, zone);
  const sinceMidnightMs = ((shownMs % dayMs) + dayMs) % dayMs;
  return {
    date: dateText(shownMs),
    minuteOfDay: Math.floor(sinceMidnightMs / minuteMs),
    weekday: new Date(shownMs).getUTCDay(),
  };
}

/**
 * The moment at which `date` begins in `zone`, `minuteOfDay` minutes after midnight. Where daylight saving skips that
 * minute it is the moment of the change; where it comes twice, the first. Minutes below 0 or above 1,439 count over midnight.
 */
export function zonedMoment(date: string, minuteOfDay: number, zone: string): number {
  const shownMs = Date.parse(`${date}T00:00:00.000Z`) + minuteOfDay * minuteMs;
  const offsets = [offsetMs(shownMs - dayMs / 2, zone), offsetMs(shownMs + dayMs / 2, zone)];
  const candidates = offsets.map(offset => shownMs - offset).sort((a, b) => a - b);
  return candidates.find(moment => moment + offsetMs(moment, zone) >= shownMs) ?? candidates.at(-1) ?? shownMs;
}

/** The date `days` after `date`. */
export function addDays(date: string, days: number): string {
  return dateText(Date.parse(`${date}T00:00:00.000Z`) + days * dayMs);
}

/** Day of the week of a date; 0 is Sunday. */
export function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00.000Z`).getUTCDay();
}

/** How far the clock of `zone` is ahead of UTC at `timeMs`. No zone changes its clocks twice within a day of UTC. */
function offsetMs(timeMs: number, zone: string): number {
  const known = zoneOf(zone);
  const day = Math.floor(timeMs / dayMs);
  const before = offsetOfDay(known, day);
  return before === offsetOfDay(known, day + 1) ? before : shownOffsetMs(known, timeMs);
}

function offsetOfDay(zone: Zone, day: number): number {
  const known = zone.offsets.get(day);
  if (known !== undefined) return known;
  if (zone.offsets.size >= mostOffsets) zone.offsets.clear();
  const found = shownOffsetMs(zone, day * dayMs);
  zone.offsets.set(day, found);
  return found;
}

function shownOffsetMs({ formatter }: Zone, timeMs: number): number {
  const wholeMs = Math.floor(timeMs / 1_000) * 1_000;
  const part: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(wholeMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
}

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const created = { formatter, offsets: new Map<number, number>() };
  zones.set(name, created);
  return created;
}
