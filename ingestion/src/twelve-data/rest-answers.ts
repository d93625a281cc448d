/**
 * TwelveData's REST answers: `unknown` in, typed values out (TWELVEDATA.md §2). Its numbers are text; what is `null` or empty is absent and never 0.
 * A list is read item by item: one that is not right is told apart and costs the others nothing.
 */
import { z } from 'zod';

const absentAsUndefined = <T extends z.ZodType>(schema: T) =>
  z.preprocess(value => (value === null || value === '' ? undefined : value), schema.optional()).optional();
const decimal = z.union([z.number(), z.string().regex(/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i)]).transform(Number);
/** The range of `historySchema`. */
const price = decimal.pipe(z.number().min(1e-22).max(1e15));
const amount = decimal.pipe(z.number().nonnegative().max(1e18));
const text = absentAsUndefined(z.string().max(200));
const number = absentAsUndefined(decimal.pipe(z.number()));

const metaSchema = z.object({
  symbol: z.string(),
  interval: z.string(),
  currency: text,
  exchange_timezone: text,
  exchange: text,
  mic_code: text,
  type: text,
});

const barSchema = z
  .object({
    datetime: z.string().regex(/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$/),
    open: price,
    high: price,
    low: price,
    close: price,
    volume: absentAsUndefined(amount),
  })
  .refine(
    ({ open, high, low, close }) => high >= Math.max(open, close, low) && low <= Math.min(open, close),
    'high and low must enclose open and close',
  );

/** A bar as the vendor tells it; `datetime` is its open, of a daily bar its trading day. */
export type VendorBar = Readonly<z.infer<typeof barSchema>>;
export type SeriesMeta = Readonly<z.infer<typeof metaSchema>>;

export interface TimeSeries {
  readonly meta: SeriesMeta;
  readonly bars: readonly VendorBar[];
  /** What was wrong with each item that is no bar. */
  readonly faults: readonly string[];
}

const seriesSchema = z.object({ meta: metaSchema, values: z.array(z.unknown()) });

/** @throws ZodError for an answer that is no time series as a whole. */
export function readTimeSeries(body: unknown): TimeSeries {
  const { meta, values } = seriesSchema.parse(body);
  const read = values.map(value => barSchema.safeParse(value));
  return {
    meta,
    bars: read.flatMap(each => (each.success ? [each.data] : [])),
    faults: read.flatMap((each, index) => (each.success ? [] : [`values.${index}: ${faultsOf(each.error)}`])),
  };
}

const quoteSchema = z.object({
  symbol: z.string(),
  name: text,
  exchange: text,
  mic_code: text,
  currency: text,
  type: text,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  previous_close: number,
  percent_change: number,
  average_volume: number,
  is_market_open: absentAsUndefined(z.boolean()),
  fifty_two_week: absentAsUndefined(z.object({ low: number, high: number })),
});

export type Quote = Readonly<z.infer<typeof quoteSchema>>;

export function readQuote(body: unknown): Quote {
  return quoteSchema.parse(body);
}

const listingSchema = z.object({
  symbol: z.string(),
  name: text,
  currency: text,
  exchange: text,
  mic_code: text,
  country: text,
  type: text,
});

/** One place where a symbol is traded. */
export type Listing = Readonly<z.infer<typeof listingSchema>>;

export function readListings(body: unknown): readonly Listing[] {
  const { data } = z.object({ data: z.array(z.unknown()) }).parse(body);
  return data.flatMap(item => listingSchema.safeParse(item).data ?? []);
}

const profileSchema = z.object({
  symbol: z.string(),
  name: text,
  exchange: text,
  mic_code: text,
  sector: text,
  industry: text,
  type: text,
});

export type Profile = Readonly<z.infer<typeof profileSchema>>;

export function readProfile(body: unknown): Profile {
  return profileSchema.parse(body);
}

const spanMs = z
  .string()
  .regex(/^\d+:\d\d:\d\d$/)
  .transform(span => span.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0) * 1_000);

const marketStateSchema = z
  .object({
    name: z.string(),
    code: z.string(),
    country: text,
    is_market_open: z.boolean(),
    time_after_open: spanMs,
    time_to_open: spanMs,
    time_to_close: spanMs,
  })
  .transform(state => ({
    name: state.name,
    code: state.code,
    country: state.country,
    isOpen: state.is_market_open,
    sinceOpenMs: state.time_after_open,
    untilOpenMs: state.time_to_open,
    untilCloseMs: state.time_to_close,
  }));

/** Whether a market is open now, holidays taken into account. */
export type MarketState = Readonly<z.infer<typeof marketStateSchema>>;

export function readMarketStates(body: unknown): readonly MarketState[] {
  return z
    .array(z.unknown())
    .parse(body)
    .flatMap(item => marketStateSchema.safeParse(item).data ?? []);
}

/** What was wrong, by field. */
export function faultsOf(error: z.ZodError): string {
  return error.issues
    .map(issue => `${issue.path.join('.') || 'answer'}: ${issue.message}`)
    .join('; ')
    .slice(0, 500);
}
