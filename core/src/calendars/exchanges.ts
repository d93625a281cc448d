/**
 * Exchanges as TwelveData names them, by name or market identifier code: time zone and hours of trading. Those of the United States
 * come with holidays, early closes and extended hours; of the others only the weekly hours are known, as each exchange publishes them.
 */
import type { CalendarRules, TradingHours } from './trading-calendar.ts';
import { unitedStates } from './united-states.ts';

const weekdays = [1, 2, 3, 4, 5] as const;

/** The same hours (`HH:MM` on the exchange's own clock, half-open) on each of the weekdays; 0 is Sunday. */
function exchange(
  zone: string,
  clocks: readonly (readonly [from: string, to: string])[],
  days: readonly number[] = weekdays,
): CalendarRules {
  const hours: readonly TradingHours[] = clocks.map(([from, to]) => ({
    kind: 'regular',
    fromMinute: minutes(from),
    toMinute: minutes(to),
  }));
  return { zone, hoursOf: (_, weekday) => (days.includes(weekday) ? hours : []) };
}

function minutes(clock: string): number {
  const [hour = '0', minute = '0'] = clock.split(':');
  return Number(hour) * 60 + Number(minute);
}

const canada = exchange('America/Toronto', [['09:30', '16:00']]);
const germany = exchange('Europe/Berlin', [['09:00', '17:30']]);
const germanFloor = exchange('Europe/Berlin', [['08:00', '22:00']]);
const mainlandChina = exchange('Asia/Shanghai', [
  ['09:30', '11:30'],
  ['13:00', '15:00'],
]);
const korea = exchange('Asia/Seoul', [['09:00', '15:30']]);
const india = exchange('Asia/Kolkata', [['09:15', '15:30']]);

const exchanges: ReadonlyMap<string, CalendarRules> = new Map<string, CalendarRules>([
  ...['NYSE', 'NASDAQ', 'AMEX', 'NYSE ARCA', 'CBOE', 'BATS', 'IEX', 'OTC', 'XNYS', 'XNAS'].map(name => [name, unitedStates] as const),
  ...['TSX', 'TSXV', 'NEO', 'CSE', 'XTSE'].map(name => [name, canada] as const),
  ...['XETR', 'XETRA'].map(name => [name, germany] as const),
  ...['FSX', 'MUNICH', 'STUTTGART', 'BERLIN', 'HAMBURG', 'XSTU'].map(name => [name, germanFloor] as const),
  ...['SSE', 'SZSE', 'XSHG', 'XSHE'].map(name => [name, mainlandChina] as const),
  ...['KRX', 'KOSDAQ', 'XKRX'].map(name => [name, korea] as const),
  ...['NSE', 'BSE', 'XNSE', 'XBOM'].map(name => [name, india] as const),
  ['LSE', exchange('Europe/London', [['08:00', '16:30']])],
  ['XLON', exchange('Europe/London', [['08:00', '16:30']])],
  ['EURONEXT', exchange('Europe/Paris', [['09:00', '17:30']])],
  ['BME', exchange('Europe/Madrid', [['09:00', '17:30']])],
  ['MTA', exchange('Europe/Rome', [['09:00', '17:30']])],
  ['SIX', exchange('Europe/Zurich', [['09:00', '17:30']])],
  ['VSE', exchange('Europe/Vienna', [['09:00', '17:30']])],
  ['OMX', exchange('Europe/Stockholm', [['09:00', '17:30']])],
  ['OMXC', exchange('Europe/Copenhagen', [['09:00', '17:00']])],
  ['OMXH', exchange('Europe/Helsinki', [['10:00', '18:30']])],
  ['OSE', exchange('Europe/Oslo', [['09:00', '16:20']])],
  ['WSE', exchange('Europe/Warsaw', [['09:00', '17:00']])],
  ['BIST', exchange('Europe/Istanbul', [['10:00', '18:00']])],
  ['MOEX', exchange('Europe/Moscow', [['10:00', '18:40']])],
  ['ASX', exchange('Australia/Sydney', [['10:00', '16:00']])],
  ['NZX', exchange('Pacific/Auckland', [['10:00', '16:45']])],
  [
    'JPX',
    exchange('Asia/Tokyo', [
      ['09:00', '11:30'],
      ['12:30', '15:30'],
    ]),
  ],
  [
    'HKEX',
    exchange('Asia/Hong_Kong', [
      ['09:30', '12:00'],
      ['13:00', '16:00'],
    ]),
  ],
  ['TWSE', exchange('Asia/Taipei', [['09:00', '13:30']])],
  ['SGX', exchange('Asia/Singapore', [['09:00', '17:00']])],
  ['SET', exchange('Asia/Bangkok', [['10:00', '16:30']])],
  ['IDX', exchange('Asia/Jakarta', [['09:00', '16:00']])],
  ['MYX', exchange('Asia/Kuala_Lumpur', [['09:00', '17:00']])],
  ['TADAWUL', exchange('Asia/Riyadh', [['10:00', '15:00']], [0, 1, 2, 3, 4])],
  ['TASE', exchange('Asia/Jerusalem', [['10:00', '17:15']], [0, 1, 2, 3, 4, 5])],
  ['JSE', exchange('Africa/Johannesburg', [['09:00', '17:00']])],
  ['BOVESPA', exchange('America/Sao_Paulo', [['10:00', '17:00']])],
  ['BMV', exchange('America/Mexico_City', [['08:30', '15:00']])],
]);

/** Rules of the exchange of that name, however it is written, or `undefined` for one that is not in the table. */
export function exchangeRules(name: string | undefined): CalendarRules | undefined {
  return name === undefined ? undefined : exchanges.get(name.trim().toUpperCase());
}

/** The names of the table. */
export function exchangeNames(): readonly string[] {
  return [...exchanges.keys()];
}
