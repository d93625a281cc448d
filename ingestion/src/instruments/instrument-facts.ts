/** What is known of a symbol, as a record: the vendor's newest word, and the stored one where it says nothing. Pure. */
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import { type InstrumentRecord, instrumentSchema, recordFormat } from '@tapeline/core/records';
import { type InstrumentFacts, instrumentClass } from '../instrument-class.ts';
import { marketOf } from '../market-hours.ts';
import type { Quote } from '../twelve-data/rest-answers.ts';

export interface Told {
  readonly quote: Quote;
  /** Of a stock, where the plan gives it. */
  readonly sector: string | undefined;
  readonly receivedTimeMs: number;
}

/** A field that the vendor leaves out, or that no record can hold, stays as it is stored. */
export function instrumentRecord(symbol: string, told: Told, stored: InstrumentRecord | undefined): InstrumentRecord {
  const { quote, sector, receivedTimeMs } = told;
  const { name, exchange, type, currency, fifty_two_week: range } = quote;
  const market = { type: type ?? stored?.type, exchange: exchange ?? quote.mic_code ?? stored?.exchange };
  const newest = { name, exchange, type, timeZone: timeZoneOf(market), sector, currency };
  const facts = { ...newest, fiftyTwoWeekLow: range?.low, fiftyTwoWeekHigh: range?.high };
  return { ...stored, ...usable(facts), v: recordFormat, kind: 'instrument', symbol, receivedTimeMs };
}

/** True for what has a sector. */
export function isStock({ type, exchange, mic_code: micCode }: Quote): boolean {
  if (type !== undefined) return /stock/i.test(type);
  return instrumentClass(marketFacts({ type, exchange: exchange ?? micCode })) === 'exchange';
}

type Facts = { readonly [Name in keyof InstrumentRecord]?: InstrumentRecord[Name] | undefined };
type MarketFacts = { readonly [Name in keyof InstrumentFacts]: InstrumentFacts[Name] | undefined };

/** Nothing for a market that nobody knows. */
function timeZoneOf(market: MarketFacts): string | undefined {
  const facts = marketFacts(market);
  return instrumentClass(facts) === 'unknown' ? undefined : calendarOf(marketOf(facts)).zone;
}

function marketFacts({ type, exchange }: MarketFacts): InstrumentFacts {
  return { ...(type === undefined ? {} : { type }), ...(exchange === undefined ? {} : { exchange }) };
}

function usable(facts: Facts): Partial<InstrumentRecord> {
  const fields = Object.entries(facts) as [keyof InstrumentRecord, unknown][];
  return Object.fromEntries(fields.filter(([name, value]) => value !== undefined && instrumentSchema.shape[name].safeParse(value).success));
}
