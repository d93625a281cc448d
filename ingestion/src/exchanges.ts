/**
 * Exchanges as TwelveData names them: time zone and weekly hours of regular trading. Holidays are not in it.
 * Hours are what each exchange publishes; `days` counts from 0, Sunday.
 */

/** From and to, as `HH:MM` on the exchange's own clock, half-open. */
export type TradingHours = readonly (readonly [from: string, to: string])[];

export interface Exchange {
  readonly zone: string;
  readonly hours: TradingHours;
  readonly days: readonly number[];
}

const weekdays = [1, 2, 3, 4, 5] as const;

function exchange(zone: string, hours: TradingHours, days: readonly number[] = weekdays): Exchange {
  return { zone, hours, days };
}

const unitedStates = exchange('America/New_York', [['09:30', '16:00']]);
const canada = exchange('America/Toronto', [['09:30', '16:00']]);
const germany = exchange('Europe/Berlin', [['09:00', '17:30']]);
const germanFloor = exchange('Europe/Berlin', [['08:00', '22:00']]);
const mainlandChina = exchange('Asia/Shanghai', [
  ['09:30', '11:30'],
  ['13:00', '15:00'],
]);
const korea = exchange('Asia/Seoul', [['09:00', '15:30']]);
const india = exchange('Asia/Kolkata', [['09:15', '15:30']]);

const exchanges: ReadonlyMap<string, Exchange> = new Map<string, Exchange>([
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

/** The exchange of that name, or `undefined` for one that is not in the table. */
export function exchangeOf(name: string | undefined): Exchange | undefined {
  return name === undefined ? undefined : exchanges.get(name.trim().toUpperCase());
}
