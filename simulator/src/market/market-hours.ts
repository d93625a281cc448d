/** When an instrument is traded: stocks 09:30–16:00 Monday to Friday, forex and metals by their week, crypto always. */
import { type ExchangeDay, exchangeDays } from './exchange-day.ts';
import type { Instrument } from './instruments.ts';

/** The part of a day in which an instrument is traded, and the day itself. */
export interface Trading {
  readonly open: boolean;
  /** Start and end of the trading of this day, for volume that grows in between. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Tells of any moment whether the instrument is traded; holidays are not known. */
export function marketHours(instrument: Instrument, alwaysOpen: boolean): (timeMs: number) => Trading {
  const dayAt = exchangeDays(instrument.timeZone);
  if (alwaysOpen || instrument.assetClass === 'crypto') return timeMs => wholeDay(dayAt(timeMs));
  if (instrument.assetClass === 'stock') return timeMs => stockSession(dayAt(timeMs), timeMs);
  const breakHours = instrument.assetClass === 'metal' ? 1 : 0;
  return timeMs => weekSession(dayAt(timeMs), timeMs, breakHours);
}

function wholeDay(day: ExchangeDay): Trading {
  return { open: true, fromMs: day.startMs, toMs: day.endMs };
}

function stockSession(day: ExchangeDay, timeMs: number): Trading {
  const fromMs = day.at(9, 30);
  const toMs = day.at(16, 0);
  const weekend = day.weekday === 0 || day.weekday === 6;
  return { open: !weekend && timeMs >= fromMs && timeMs < toMs, fromMs, toMs };
}

/** Sunday 17:00 to Friday 17:00 in New York; metals rest for an hour after each 17:00. */
function weekSession(day: ExchangeDay, timeMs: number, breakHours: number): Trading {
  const closeMs = day.at(17, 0);
  const reopenMs = day.at(17 + breakHours, 0);
  const beforeClose = timeMs < closeMs && day.weekday >= 1 && day.weekday <= 5;
  const afterReopening = timeMs >= reopenMs && day.weekday <= 4;
  return { open: beforeClose || afterReopening, fromMs: day.startMs, toMs: day.endMs };
}
