/** Wall clocks of IANA time zones, by what `Intl` knows about daylight saving; dates are `YYYY-MM-DD`. */

/** What a clock on the wall of a zone shows. */
export interface ZonedTime {
  readonly date: string;
  readonly minuteOfDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** A formatter costs a hundred times its use; bounded because zones come from tables in the code. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** What the clock of `zone` shows at `timeMs`. */
export function zonedTime(timeMs: number, zone: string): ZonedTime {
  const shownMs = timeMs + offsetMs(timeMs, zone);
  const sinceMidnightMs = ((shownMs % dayMs) + dayMs) % dayMs;
  return {
    date: dateOf(shownMs),
    minuteOfDay: Math.floor(sinceMidnightMs / minuteMs),
    weekday: new Date(shownMs).getUTCDay(),
  };
}

/**
 * The moment at which `date` begins in `zone`, `minuteOfDay` minutes after midnight. Where daylight saving skips that
 * minute it is the moment of the change; where it comes twice, the second.
 */
export function zonedMoment(date: string, minuteOfDay: number, zone: string): number {
  const shownMs = Date.parse(`${date}T00:00:00.000Z`) + minuteOfDay * minuteMs;
  const offsets = [offsetMs(shownMs - dayMs / 2, zone), offsetMs(shownMs + dayMs / 2, zone)];
  const candidates = offsets.map(offset => shownMs - offset).sort((a, b) => a - b);
  return candidates.find(moment => moment + offsetMs(moment, zone) >= shownMs) ?? candidates.at(-1) ?? shownMs;
}

/** The date `days` after `date`. */
export function addDays(date: string, days: number): string {
  return dateOf(Date.parse(`${date}T00:00:00.000Z`) + days * dayMs);
}

function dateOf(shownMs: number): string {
  return new Date(shownMs).toISOString().slice(0, 10);
}

/** How far the clock of `zone` is ahead of UTC at `timeMs`. */
function offsetMs(timeMs: number, zone: string): number {
  const wholeMs = Math.floor(timeMs / 1_000) * 1_000;
  const part: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(wholeMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const created = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(zone, created);
  return created;
}
