/**
 * Moments as people write them: `2026-01-31`, `2026-01-31T09:30:00Z`, `2026-01-31T10:30+01:00`, or milliseconds since the Unix epoch: 12 or 13
 * digits, or 0 for as far back as there is anything. Other numbers are no milliseconds but a year, a date (`20260131`), seconds, microseconds.
 */

const iso8601 = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** In milliseconds since the Unix epoch, wherever this machine is: a text without an offset is UTC. Undefined for what is no moment since 1970. */
export function timeOfText(text: string): number | undefined {
  if (/^(?:0|\d{12,13})$/.test(text)) return Number(text);
  const [isTime, offset] = iso8601.exec(text) ?? [];
  if (isTime === undefined) return undefined;
  const timeMs = Date.parse(text.includes('T') && offset === undefined ? `${text}Z` : text);
  if (Number.isNaN(timeMs) || timeMs < 0) return undefined;
  // Date.parse takes 31 February for 3 March.
  const lastDay = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
  return Number(text.slice(8, 10)) <= lastDay ? timeMs : undefined;
}

/** The date in UTC: `2026-01-31`. */
export function dateText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Date and time in UTC, in whole seconds: `2026-01-31 09:30:00`. */
export function dateTimeText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** The same for people: `2026-01-31 09:30:00 UTC`. */
export function utcText(timeMs: number): string {
  return `${dateTimeText(timeMs)} UTC`;
}
