/** Days where an exchange is, by IANA time zone: they have 23 or 25 hours when the clocks change. */

/** A local calendar day, half-open. */
export interface ExchangeDay {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** The moment of a local wall-clock time on this day. */
  readonly at: (hour: number, minute: number) => number;
}

/** Finds the day of a moment in one zone; it remembers the last day, so near moments cost nothing. */
export function exchangeDays(timeZone: string): (timeMs: number) => ExchangeDay {
  const offsetMs = zoneOffset(timeZone);
  let last: ExchangeDay | undefined;
  return timeMs => {
    if (last !== undefined && timeMs >= last.startMs && timeMs < last.endMs) return last;
    last = dayOf(timeMs, offsetMs);
    return last;
  };
}

const dayMs = 86_400_000;

function dayOf(timeMs: number, offsetMs: (timeMs: number) => number): ExchangeDay {
  const localMidnight = Math.floor((timeMs + offsetMs(timeMs)) / dayMs) * dayMs;
  const utcOf = (localMs: number): number => {
    const guess = localMs - offsetMs(localMs);
    return localMs - offsetMs(guess);
  };
  return {
    startMs: utcOf(localMidnight),
    endMs: utcOf(localMidnight + dayMs),
    weekday: new Date(localMidnight).getUTCDay(),
    at: (hour, minute) => utcOf(localMidnight + hour * 3_600_000 + minute * 60_000),
  };
}

/** Local minus UTC, in milliseconds. */
function zoneOffset(timeZone: string): (timeMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return timeMs => {
    const name = format.formatToParts(timeMs).find(part => part.type === 'timeZoneName')?.value ?? 'GMT';
    const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
    const size = Number(hours ?? 0) * 3_600_000 + Number(minutes ?? 0) * 60_000;
    return sign === '-' ? -size : size;
  };
}
