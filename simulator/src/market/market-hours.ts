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
  const rule = alwaysOpen ? wholeDay : rules[instrument.assetClass];
  let day: ExchangeDay | undefined;
  let trading: (timeMs: number) => Trading = () => ({ open: false, fromMs: 0, toMs: 0 });
  return timeMs => {
    const today = dayAt(timeMs);
    if (today !== day) {
      day = today;
      trading = rule(today);
    }
    return trading(timeMs);
  };
}

type DayRule = (day: ExchangeDay) => (timeMs: number) => Trading;

const wholeDay: DayRule = ({ startMs, endMs }) => {
  const trading = { open: true, fromMs: startMs, toMs: endMs };
  return () => trading;
};

const stockSession: DayRule = day => {
  const fromMs = day.at(9, 30);
  const toMs = day.at(16, 0);
  const weekend = day.weekday === 0 || day.weekday === 6;
  return timeMs => ({ open: !weekend && timeMs >= fromMs && timeMs < toMs, fromMs, toMs });
};

/** Sunday to Friday 17:00 in New York, with so many hours of rest after each 17:00. */
function week(restHours: number): DayRule {
  return day => {
    const closeMs = day.at(17, 0);
    const reopenMs = day.at(17 + restHours, 0);
    return timeMs => {
      const beforeClose = timeMs < closeMs && day.weekday >= 1 && day.weekday <= 5;
      const afterReopening = timeMs >= reopenMs && day.weekday <= 4;
      return { open: beforeClose || afterReopening, fromMs: day.startMs, toMs: day.endMs };
    };
  };
}

const rules: Readonly<Record<Instrument['assetClass'], DayRule>> = {
  crypto: wholeDay,
  stock: stockSession,
  forex: week(0),
  metal: week(1),
};
