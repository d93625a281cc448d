/** Asks TwelveData's REST API: each request waits for its credits, and ends as a typed answer or as one of the errors of `rest-errors.ts`. */
import { PipelineError, reasonOf, usageError } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { parseJson } from '@tapeline/core/json-text';
import { scrubber } from '@tapeline/core/logging';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { dateText, dateTimeText } from '@tapeline/core/time-text';
import type { Registry } from 'prom-client';
import { ZodError } from 'zod';
import type { CreditBudget, Grant } from './credit-budget.ts';
import {
  faultsOf,
  type Listing,
  type MarketState,
  type Profile,
  type Quote,
  readListings,
  readMarketStates,
  readProfile,
  readQuote,
  readTimeSeries,
  type TimeSeries,
} from './rest-answers.ts';
import { exhaustedBy, refusalOf, restError } from './rest-errors.ts';

/** The vendor's names of those of our intervals that it has. */
const vendorIntervals = { '1m': '1min', '5m': '5min', '15m': '15min', '1h': '1h', '1d': '1day' } as const;
export type VendorInterval = keyof typeof vendorIntervals;

/** True for an interval of which the vendor has bars. */
export function isVendorInterval(interval: Interval): interval is VendorInterval {
  return interval in vendorIntervals;
}

/** Bars in one answer at most. */
export const longestSeries = 5_000;

export interface TimeSeriesRequest {
  readonly symbol: string;
  readonly interval: VendorInterval;
  /** Bars that open in `[fromMs, toMs)`, of `1d` by their label at 00:00 UTC. A longer span than {@link longestSeries} bars is cut by the vendor. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Pre- and post-market too. @default false */
  readonly extendedHours?: boolean;
}

export interface RestClientOptions {
  /** As `https://api.twelvedata.com`. */
  readonly url: string;
  /** Sent in the header `Authorization`, never in the address. */
  readonly apiKey: string | undefined;
  readonly budget: Pick<CreditBudget, 'take' | 'limits'>;
  readonly registry: Registry;
  /** From the sending to the last byte; at least 5 s shorter than the budget's `longestRequestMs`. @default 30,000 */
  readonly requestTimeoutMs?: number;
}

interface Ask<T> {
  readonly endpoint: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly credits: number;
  readonly read: (body: unknown) => T;
}

/** From the claim to the sending, and from breaking off to the vendor's noticing. */
const slackMs = 5_000;
const largestBodyBytes = 16 * 1024 * 1024;

export class RestClient {
  readonly #options: RestClientOptions;
  readonly #timeoutMs: number;
  /** A vendor's text may repeat the key. */
  readonly #clean: (text: string) => string;
  readonly #requests;
  readonly #failures;
  readonly #seconds;

  /** @throws PipelineError `usage` when a request could outlive its claim. */
  constructor(options: RestClientOptions) {
    this.#options = options;
    this.#timeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#clean = scrubber(options.apiKey ? [options.apiKey] : []);
    const { longestRequestMs } = options.budget.limits;
    if (this.#timeoutMs > longestRequestMs - slackMs) {
      const message = `requestTimeoutMs must be at least ${slackMs} below the budget's longestRequestMs of ${longestRequestMs}, was ${this.#timeoutMs}`;
      throw usageError(message);
    }
    this.#requests = metricOf(options.registry, 'tapeline_rest_requests_total');
    this.#failures = metricOf(options.registry, 'tapeline_rest_failures_total');
    this.#seconds = metricOf(options.registry, 'tapeline_rest_request_duration_seconds');
  }

  /** Bars of a symbol, in UTC, ascending. One credit. @throws PipelineError `vendor.no-data` when there are none. */
  async timeSeries(request: TimeSeriesRequest, signal: AbortSignal): Promise<TimeSeries> {
    const parameters = {
      symbol: request.symbol,
      interval: vendorIntervals[request.interval],
      ...rangeOf(request),
      outputsize: String(longestSeries),
      timezone: 'UTC',
      order: 'ASC',
      ...(request.extendedHours ? { prepost: 'true' } : {}),
    };
    return this.#ask({ endpoint: 'time_series', parameters, credits: 1, read: readTimeSeries }, signal);
  }

  /** Last prices of a symbol with its name, exchange and range of 52 weeks. One credit. */
  async quote(symbol: string, signal: AbortSignal): Promise<Quote> {
    return this.#ask({ endpoint: 'quote', parameters: { symbol }, credits: 1, read: readQuote }, signal);
  }

  /** Where a stock is traded. One credit. */
  async stocks(symbol: string, signal: AbortSignal): Promise<readonly Listing[]> {
    return this.#ask({ endpoint: 'stocks', parameters: { symbol }, credits: 1, read: readListings }, signal);
  }

  /** Sector and industry of a stock. Ten credits: more than the smallest plan gives in a minute. */
  async profile(symbol: string, signal: AbortSignal): Promise<Profile> {
    return this.#ask({ endpoint: 'profile', parameters: { symbol }, credits: 10, read: readProfile }, signal);
  }

  /** Whether the market of that code (as `XNYS`) is open, or each market where none is named. One credit. */
  async marketState(code: string | undefined, signal: AbortSignal): Promise<readonly MarketState[]> {
    const parameters: Readonly<Record<string, string>> = code === undefined ? {} : { code };
    return this.#ask({ endpoint: 'market_state', parameters, credits: 1, read: readMarketStates }, signal);
  }

  async #ask<T>(ask: Ask<T>, signal: AbortSignal): Promise<T> {
    const grant = await this.#options.budget.take(ask.credits, signal);
    const stop = this.#seconds.startTimer({ endpoint: ask.endpoint });
    try {
      const answer = ask.read(await this.#body(ask, grant, signal));
      this.#requests.inc({ endpoint: ask.endpoint, outcome: 'ok' });
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const told = error instanceof ZodError ? malformed(ask.endpoint, faultsOf(error), error) : error;
      const outcome = told instanceof PipelineError ? told.code : 'failed';
      this.#requests.inc({ endpoint: ask.endpoint, outcome });
      this.#failures.inc({ endpoint: ask.endpoint });
      throw told;
    } finally {
      stop();
    }
  }

  /** The JSON of a success. */
  async #body(ask: Ask<unknown>, grant: Grant, signal: AbortSignal): Promise<unknown> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    const response = await this.#sent(ask, within);
    const text = await textOf(response).catch((error: unknown) => ({ error }));
    const body = typeof text === 'string' ? jsonOf(text) : undefined;
    const refusal = refusalOf(response.status, body);
    const used = countOf(response.headers.get('api-credits-used'));
    // A gateway that gives up does not say when the vendor counts, or whether.
    if (response.status < 500) await grant.answered({ used, exhausted: refusal && exhaustedBy(refusal) });
    if (refusal !== undefined) throw restError(ask.endpoint, { ...refusal, message: this.#clean(refusal.message) });
    if (typeof text !== 'string') throw unavailable(ask.endpoint, text.error);
    if (body === undefined)
      throw malformed(ask.endpoint, `answer must be JSON, began with ${JSON.stringify(this.#clean(text).slice(0, 60))}`);
    return body;
  }

  async #sent({ endpoint, parameters }: Ask<unknown>, signal: AbortSignal): Promise<Response> {
    const { url, apiKey } = this.#options;
    const headers: Record<string, string> = { accept: 'application/json', ...(apiKey ? { authorization: `apikey ${apiKey}` } : {}) };
    try {
      const address = `${url.replace(/\/+$/, '')}/${endpoint}?${new URLSearchParams(parameters)}`;
      return await fetch(address, { headers, signal, redirect: 'error' });
    } catch (error) {
      throw unavailable(endpoint, error);
    }
  }
}

/** The vendor's documents do not say whether `end_date` is inclusive: ask so that it makes no difference, or get one bar too many. */
function rangeOf({ interval, fromMs, toMs }: TimeSeriesRequest): { readonly start_date: string; readonly end_date: string } {
  if (interval === '1d') return { start_date: dateText(fromMs), end_date: dateText(toMs) };
  return { start_date: dateTimeText(fromMs), end_date: dateTimeText(toMs - 1_000) };
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > largestBodyBytes) throw new Error(`answer must have ${largestBodyBytes} bytes or less`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function countOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header.trim()) ? Number(header) : undefined;
}

function unavailable(endpoint: string, error: unknown): PipelineError {
  const cause = error instanceof Error && error.cause !== undefined ? `${error.message}: ${reasonOf(error.cause)}` : reasonOf(error);
  return new PipelineError('vendor.unavailable', `${endpoint} was not answered: ${cause}`, { retriable: true, cause: error });
}

function malformed(endpoint: string, detail: string, cause?: unknown): PipelineError {
  return new PipelineError('vendor.malformed', `${endpoint} was answered with something else: ${detail}`, { retriable: true, cause });
}
