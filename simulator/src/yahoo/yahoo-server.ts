/**
 * A server that answers as Yahoo's chart does, over real HTTP: the head of a chart with the last price, a row of bars whose last is unfinished
 * and whose gaps are `null`, errors in `chart.error`, and "too many" on request. It keeps the account of the quotes that it gave.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simulatedHeader } from '../upgrade.ts';

/** The head of a chart. */
export interface YahooQuote {
  readonly symbol: string;
  readonly regularMarketPrice: number | null;
  /** In whole seconds. */
  readonly regularMarketTime: number | null;
  readonly regularMarketVolume?: number;
  /** @default 'CRYPTOCURRENCY' */
  readonly instrumentType?: string;
  /** @default 'CCC' */
  readonly exchangeName?: string;
}

/** In place of an answer. */
export interface YahooFailure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default '' */
  readonly body?: string;
}

export interface YahooRequest {
  readonly symbol: string;
  readonly timeMs: number;
  readonly status: number;
}

const chartPath = '/v8/finance/chart/';

/** Starts the server on loopback; it knows the symbols that {@link YahooServer.quote} told it of. */
export async function startYahooServer(port = 0): Promise<YahooServer> {
  const server = new YahooServer();
  await server.listen(port);
  return server;
}

export class YahooServer {
  readonly requests: YahooRequest[] = [];
  /** Each quote that was given out, the first time it was. */
  readonly account: YahooQuote[] = [];
  readonly #quotes = new Map<string, YahooQuote>();
  readonly #failures: YahooFailure[] = [];
  readonly #http: Server;

  constructor() {
    this.#http = createServer((request, response) => this.#answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => this.#http.once('error', reject).listen(port, '127.0.0.1', resolve));
  }

  /** The last price of a symbol from now on. */
  quote(quote: YahooQuote): void {
    this.#quotes.set(quote.symbol, quote);
  }

  /** Answers the next questions so, one after the other. */
  fail(...failures: readonly YahooFailure[]): void {
    this.#failures.push(...failures);
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://yahoo');
    const symbol = decodeURIComponent(pathname.slice(chartPath.length));
    const { status, headers, body } = this.#failures.shift() ?? (pathname.startsWith(chartPath) ? this.#chart(symbol) : { status: 404 });
    this.requests.push({ symbol, timeMs: Date.now(), status });
    response
      .writeHead(status, { 'content-type': 'application/json', [simulatedHeader.name]: simulatedHeader.value, ...headers })
      .end(body ?? '');
  }

  #chart(symbol: string): YahooFailure {
    const quote = this.#quotes.get(symbol);
    if (quote === undefined) {
      const error = { code: 'Not Found', description: 'No data found, symbol may be delisted' };
      return { status: 404, body: JSON.stringify({ chart: { result: null, error } }) };
    }
    if (!this.account.includes(quote)) this.account.push(quote);
    return { status: 200, body: JSON.stringify({ chart: { result: [chartOf(quote)], error: null } }) };
  }
}

/** The bars beside the head: a gap, and a last one that is not over. */
function chartOf(quote: YahooQuote): unknown {
  const { regularMarketPrice: price, regularMarketTime: second } = quote;
  const timestamp = second === null ? [] : [second - 120, second - 60, second];
  const column = [price, null, price].slice(0, timestamp.length);
  return {
    meta: { currency: 'USD', instrumentType: 'CRYPTOCURRENCY', exchangeName: 'CCC', exchangeTimezoneName: 'UTC', ...quote },
    timestamp,
    indicators: { quote: [{ open: column, high: column, low: column, close: column, volume: column.map(() => null) }] },
  };
}
