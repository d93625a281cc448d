/**
 * Exchanges as TwelveData names them, by name or market identifier code: time zone and hours of trading. Those of the United States
 * come with holidays, early closes and extended hours; of the others only the hours of a week are known, as each exchange publishes them,
 * and what changes them.
 */
import type { CalendarRules, TradingHours } from './trading-calendar.ts';
import { unitedStates } from './united-states.ts';
import { zonedTime } from './zoned-time.ts';

/** Hours of a day (`HH:MM` on the exchange's own clock), half-open. */
type Clocks = readonly (readonly [from: string, to: string])[];
/** By weekday; 0 is Sunday. */
type Week = readonly (readonly TradingHours[])[];

const weekdays = [1, 2, 3, 4, 5] as const;
const closed: readonly TradingHours[] = [];

/** The same hours on each of the weekdays. */
function exchange(zone: string, clocks: Clocks, days: readonly number[] = weekdays): CalendarRules {
  const week = weekOf(clocks, days);
  return changing(zone, () => week);
}

/** Hours by the week that a date lies in. */
function changing(zone: string, weekAt: (date: string) => Week): CalendarRules {
  return { zone, hoursOf: (date, weekday) => weekAt(date)[weekday] ?? closed };
}

function weekOf(clocks: Clocks, days: readonly number[] = weekdays): Week {
  return Array.from({ length: 7 }, (_, weekday) => (days.includes(weekday) ? hours(...clocks) : closed));
}

function hours(...clocks: Clocks): readonly TradingHours[] {
  return clocks.map(([from, to]) => ({ kind: 'regular', fromMinute: minutes(from), toMinute: minutes(to) }));
}

/** How many hours the clock in New York is ahead of the one in another zone of America, or of UTC, at noon UTC. */
function newYorkAhead(date: string, zone: string): number {
  const noonMs = Date.parse(`${date}T12:00:00.000Z`);
  return (zonedTime(noonMs, 'America/New_York').minuteOfDay - zonedTime(noonMs, zone).minuteOfDay) / 60;
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

const [friday, sunday] = [5, 0] as const;
const mondayToThursday = [1, 2, 3, 4] as const;

const indonesianDay = [
  ['09:00', '12:00'],
  ['13:30', '16:00'],
] as const;
const indonesianWeek = weekOf(indonesianDay, mondayToThursday).with(friday, hours(['09:00', '11:30'], ['14:00', '16:00']));
const indonesia = changing('Asia/Jakarta', () => indonesianWeek);

const israeliDays = weekOf([['10:00', '17:15']], mondayToThursday);
const weekFromSunday = israeliDays.with(sunday, hours(['10:00', '15:50']));
const weekFromMonday = israeliDays.with(friday, hours(['10:00', '13:50']));
/** The first Sunday without trading. */
const israel = changing('Asia/Jerusalem', date => (date < '2026-01-04' ? weekFromSunday : weekFromMonday));

/** With New York, whatever the clocks in Mexico do: they change no more since 2022. */
const [mexicanWeek, mexicanSummer] = [weekOf([['08:30', '15:00']]), weekOf([['07:30', '14:00']])];
const mexico = changing('America/Mexico_City', date => (newYorkAhead(date, 'America/Mexico_City') === 2 ? mexicanSummer : mexicanWeek));

/** It opens at its own time and closes with New York; the clocks in Brazil change no more since 2019. */
const [brazilianWeek, brazilianSummer] = [weekOf([['10:00', '18:00']]), weekOf([['10:00', '17:00']])];
const brazil = changing('America/Sao_Paulo', date => (newYorkAhead(date, 'UTC') === -4 ? brazilianSummer : brazilianWeek));

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
  [
    'SET',
    exchange('Asia/Bangkok', [
      ['10:00', '12:30'],
      ['14:00', '16:30'],
    ]),
  ],
  ['IDX', indonesia],
  [
    'MYX',
    exchange('Asia/Kuala_Lumpur', [
      ['09:00', '12:30'],
      ['14:30', '17:00'],
    ]),
  ],
  ['TADAWUL', exchange('Asia/Riyadh', [['10:00', '15:00']], [0, 1, 2, 3, 4])],
  ['TASE', israel],
  ['JSE', exchange('Africa/Johannesburg', [['09:00', '17:00']])],
  ['BOVESPA', brazil],
  ['BMV', mexico],
]);

/** Rules of the exchange of that name, however it is written, or `undefined` for one that is not in the table. */
export function exchangeRules(name: string | undefined): CalendarRules | undefined {
  return name === undefined ? undefined : exchanges.get(name.trim().toUpperCase());
}

/** The names of the table. */
export function exchangeNames(): readonly string[] {
  return [...exchanges.keys()];
}
