/** What TwelveData's REST API answers to a good request, and its refusals (TWELVEDATA.md §2). */
import { findInstrument, type Instrument } from '../market/instruments.ts';
import { marketHours } from '../market/market-hours.ts';
import { type BarSource, type RestBar, restIntervals } from './seeded-bars.ts';

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface RestMarket {
  readonly instruments: readonly Instrument[];
  readonly bars: BarSource;
  readonly alwaysOpen: boolean;
}

export interface RestRequest {
  /** As `time_series`. */
  readonly endpoint: string;
  readonly parameters: URLSearchParams;
  readonly timeMs: number;
}

const dayMs = 86_400_000;
const vendorTypes = { stock: 'Common Stock', crypto: 'Digital Currency', forex: 'Physical Currency', metal: 'Physical Currency' } as const;
const costs: Readonly<Record<string, number>> = { time_series: 1, quote: 1, stocks: 1, market_state: 1, profile: 10 };

/** Credits of an endpoint, or `undefined` for one that the double does not have. */
export function creditsOf(endpoint: string): number | undefined {
  return costs[endpoint];
}

/** An error as the vendor says it: with the HTTP status of its code, or with 200. */
export function refusal(code: number, message: string, as: 'status' | 'body' = 'status'): RestAnswer {
  return { status: as === 'status' ? code : 200, body: { code, message, status: 'error' } };
}

/** Answers a request whose credits are paid. */
export async function answerOf(request: RestRequest, market: RestMarket): Promise<RestAnswer> {
  const { endpoint, parameters, timeMs } = request;
  if (endpoint === 'market_state') return { status: 200, body: marketStates(parameters.get('code'), timeMs, market) };
  const instrument = findInstrument(market.instruments, { symbol: parameters.get('symbol') ?? '' });
  if (instrument === undefined) return refusal(404, '**symbol** or **figi** parameter is missing or invalid.');
  if (endpoint === 'time_series') return timeSeries(instrument, request, market.bars);
  if (endpoint === 'stocks') return { status: 200, body: { data: [listing(instrument)], status: 'ok' } };
  if (endpoint === 'profile') return { status: 200, body: { ...listing(instrument), sector: 'Technology', industry: 'Simulation' } };
  return quote(instrument, timeMs, market);
}

/** Both ends inclusive; of more bars than `outputsize` the newest; the one that is still forming included. */
async function timeSeries(instrument: Instrument, { parameters, timeMs }: RestRequest, bars: BarSource): Promise<RestAnswer> {
  const interval = parameters.get('interval') ?? '';
  const lengthMs = restIntervals[interval];
  if (lengthMs === undefined)
    return refusal(400, `Invalid **interval** provided: ${interval}. Supported intervals: ${Object.keys(restIntervals)}`);
  const zone = parameters.get('timezone') ?? instrument.timeZone;
  if (zone !== 'UTC') return refusal(400, 'the double tells times in UTC only: ask with timezone=UTC');
  const size = Number(parameters.get('outputsize') ?? 30);
  if (!Number.isInteger(size) || size < 1 || size > 5_000)
    return refusal(400, 'Invalid **outputsize** provided. It must be between 1 and 5000.');
  const toMs = Math.min(timeMs, timeOf(parameters.get('end_date')) ?? timeMs);
  const fromMs = timeOf(parameters.get('start_date')) ?? toMs - size * lengthMs;
  const values = [];
  for (let startMs = Math.ceil(fromMs / lengthMs) * lengthMs; startMs <= toMs; startMs += lengthMs) {
    const bar = await bars(instrument, startMs, lengthMs);
    if (bar !== undefined) values.push(barText(bar, startMs, lengthMs));
  }
  if (values.length === 0) return refusal(400, 'No data is available on the specified dates. Try setting different start/end dates.');
  const newest = values.slice(-size);
  if (parameters.get('order')?.toUpperCase() !== 'ASC') newest.reverse();
  return { status: 200, body: { meta: metaOf(instrument, interval), values: newest, status: 'ok' } };
}

function barText(bar: RestBar, startMs: number, lengthMs: number): Readonly<Record<string, string>> {
  const { open, high, low, close, volume } = bar;
  const datetime = new Date(startMs)
    .toISOString()
    .slice(0, lengthMs === dayMs ? 10 : 19)
    .replace('T', ' ');
  const prices = { datetime, open: `${open}`, high: `${high}`, low: `${low}`, close: `${close}` };
  return volume === undefined ? prices : { ...prices, volume: `${volume}` };
}

function metaOf(instrument: Instrument, interval: string): unknown {
  const { symbol, currency, timeZone, exchange, micCode, assetClass } = instrument;
  return { symbol, interval, currency, exchange_timezone: timeZone, exchange, mic_code: micCode, type: vendorTypes[assetClass] };
}

function listing({ symbol, name, currency, exchange, micCode, country, assetClass }: Instrument) {
  return { symbol, name, currency, exchange, mic_code: micCode, country, type: vendorTypes[assetClass] };
}

async function quote(instrument: Instrument, timeMs: number, { bars, alwaysOpen }: RestMarket): Promise<RestAnswer> {
  const today = Math.floor(timeMs / dayMs) * dayMs;
  const [bar, before] = [await bars(instrument, today, dayMs), await bars(instrument, today - dayMs, dayMs)];
  // As the vendor's, it does not tell the type.
  const { country: _, type: __, ...facts } = listing(instrument);
  const body = {
    ...facts,
    ...(bar && { open: `${bar.open}`, high: `${bar.high}`, low: `${bar.low}`, close: `${bar.close}`, volume: `${bar.volume ?? ''}` }),
    previous_close: before && `${before.close}`,
    is_market_open: marketHours(instrument, alwaysOpen)(timeMs).open,
    fifty_two_week: { low: `${instrument.basePrice / 2}`, high: `${instrument.basePrice * 2}` },
  };
  return { status: 200, body };
}

/** Of the market of that code, or of each when none is named. */
function marketStates(code: string | null, timeMs: number, { instruments, alwaysOpen }: RestMarket): unknown {
  const markets = new Map(instruments.flatMap(each => (each.micCode === undefined ? [] : [[each.micCode, each] as const])));
  return [...markets].filter(([micCode]) => code === null || micCode === code).map(([, each]) => marketState(each, timeMs, alwaysOpen));
}

function marketState(instrument: Instrument, timeMs: number, alwaysOpen: boolean): unknown {
  const { exchange: name, micCode: code, country } = instrument;
  const trading = marketHours(instrument, alwaysOpen)(timeMs);
  const [after, close] = trading.open ? [timeMs - trading.fromMs, trading.toMs - timeMs] : [0, 0];
  const spans = { time_after_open: spanOf(after), time_to_open: spanOf(0), time_to_close: spanOf(close) };
  return { name, code, country, is_market_open: trading.open, ...spans };
}

function spanOf(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60].map(part => String(part).padStart(2, '0')).join(':');
}

function timeOf(text: string | null): number | undefined {
  const timeMs = text === null ? Number.NaN : Date.parse(`${text.replace(' ', 'T')}${text.includes(' ') ? '' : 'T00:00:00'}Z`);
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
