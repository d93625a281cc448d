/** The intervals of bars, and the half-open, UTC-aligned windows that belong to them. */

export const intervals = ['1s', '5s', '15s', '1m', '5m', '15m', '1h', '1d'] as const;
export type Interval = (typeof intervals)[number];

const lengths: Readonly<Record<Interval, number>> = {
  '1s': 1_000,
  '5s': 5_000,
  '15s': 15_000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};

/** Length in milliseconds; of `1d` only the nominal one, because a trading day ends where its exchange says. */
export function intervalMs(interval: Interval): number {
  return lengths[interval];
}

export function isInterval(text: string): text is Interval {
  return (intervals as readonly string[]).includes(text);
}

/** Start of the UTC-aligned window that `timeMs` falls into; not for `1d`, whose label is the trading day. */
export function windowStartMs(timeMs: number, interval: Interval): number {
  const length = lengths[interval];
  return timeMs - (((timeMs % length) + length) % length);
}

/** `startMs` of a `1d` bar: its trading day (`YYYY-MM-DD`) at 00:00 UTC. */
export function tradingDayStartMs(tradingDay: string): number {
  return Date.parse(`${tradingDay}T00:00:00.000Z`);
}
