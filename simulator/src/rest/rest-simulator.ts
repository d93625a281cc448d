/** An HTTP server that speaks TwelveData's REST API, keeps an account of its own of the credits, and misbehaves on request. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { Instrument } from '../market/instruments.ts';
import { wellKnownInstruments } from '../market/well-known-instruments.ts';
import { simulatedHeader } from '../upgrade.ts';
import { CreditAccount } from './credit-account.ts';
import { answerOf, creditsOf, type RestAnswer, type RestMarket, type RestRequest, refusal } from './rest-answers.ts';
import { malformedText, type RestFault, RestFaults } from './rest-faults.ts';
import { type BarSource, seededBars } from './seeded-bars.ts';

export interface RestSimulatorOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** When given, any other key is refused. */
  readonly apiKey?: string;
  readonly seed: number;
  /** @default all well-known ones */
  readonly instruments?: readonly Instrument[];
  /** In place of the seeded market's. */
  readonly bars?: BarSource;
  /** @default true */
  readonly alwaysOpen?: boolean;
  /** @default 8 */
  readonly creditsPerMinute?: number;
  /** @default 800 */
  readonly creditsPerDay?: number;
  /** The vendor's clock: its minutes, its days, and what has happened yet. @default Date.now */
  readonly clock?: () => number;
}

export interface RestJournalEntry {
  readonly timeMs: number;
  readonly endpoint: string;
  /** Without the key. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface RestSimulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly account: CreditAccount;
  /** All requests, the newest 10,000, oldest first. */
  readonly journal: readonly RestJournalEntry[];
  /** In place of what it did wrong so far; `undefined` for nothing. */
  misbehave(fault: RestFault | undefined): void;
  close(): Promise<void>;
}

const longestJournal = 10_000;

/**
 * Starts it; it listens when the promise resolves.
 * @throws PipelineError `configuration.invalid` when it cannot listen.
 */
export async function startRestSimulator(options: RestSimulatorOptions): Promise<RestSimulator> {
  const { port = 0, host = '127.0.0.1', creditsPerMinute = 8, creditsPerDay = 800 } = options;
  const account = new CreditAccount({ creditsPerMinute, creditsPerDay });
  const faults = new RestFaults();
  const journal: RestJournalEntry[] = [];
  const desk = new RestDesk(options, { account, faults, journal });
  const server = createServer((request, response) => {
    desk.serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => {
      const message = `the REST double cannot listen on ${host} port ${port}: ${reasonOf(error)}; choose another port, or 0 for any free one`;
      reject(new PipelineError('configuration.invalid', message, { retriable: false, cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    account,
    journal,
    misbehave: fault => faults.set(fault),
    close: async () => {
      desk.close();
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface RestBooks {
  readonly account: CreditAccount;
  readonly faults: RestFaults;
  readonly journal: RestJournalEntry[];
}

/** Takes requests in their order: key, fault, credits, answer. */
class RestDesk {
  readonly #apiKey: string | undefined;
  readonly #clock: () => number;
  readonly #market: RestMarket;
  readonly #books: RestBooks;
  readonly #closed = new AbortController();

  constructor(options: RestSimulatorOptions, books: RestBooks) {
    const { seed, alwaysOpen = true, instruments = wellKnownInstruments, bars = seededBars(seed, alwaysOpen) } = options;
    this.#apiKey = options.apiKey;
    this.#clock = options.clock ?? Date.now;
    this.#market = { instruments, bars, alwaysOpen };
    this.#books = books;
  }

  close(): void {
    this.#closed.abort();
  }

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.#books.faults.next();
    if (fault?.kind === 'cut' && fault.when === 'uncounted') return void response.destroy();
    const request = this.#requestOf(message);
    const asked = this.#answer(request, keyOf(message, request), fault);
    if (fault?.kind === 'cut' && fault.when === 'counted') return void response.destroy();
    // What the headers say is of the moment when it was counted.
    const { used, left } = this.#books.account.minute(request.timeMs);
    const answer = await asked;
    if (fault?.kind === 'slow') await pause(fault.delayMs, this.#closed.signal);
    const text = JSON.stringify(answer.body);
    const sent = fault?.kind === 'malformed' ? malformedText(fault.form, text) : text;
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(sent),
      'api-credits-used': used,
      'api-credits-left': left,
      [simulatedHeader.name]: simulatedHeader.value,
    });
    if (fault?.kind !== 'cut') return void response.end(sent);
    response.write(sent.slice(0, Math.floor(sent.length / 2)), () => response.destroy());
  }

  #requestOf(message: IncomingMessage): RestRequest {
    const url = new URL(message.url ?? '/', 'http://simulator');
    const request = { endpoint: url.pathname.slice(1), parameters: url.searchParams, timeMs: this.#clock() };
    const { apikey: _, ...parameters } = Object.fromEntries(url.searchParams);
    this.#books.journal.push({ timeMs: request.timeMs, endpoint: request.endpoint, parameters });
    if (this.#books.journal.length > longestJournal) this.#books.journal.shift();
    return request;
  }

  /** Counts at once, before it awaits anything. */
  async #answer(request: RestRequest, key: string | undefined, fault: RestFault | undefined): Promise<RestAnswer> {
    if (this.#apiKey !== undefined && key !== this.#apiKey) return refusal(401, '**apikey** parameter is incorrect or not specified.');
    const credits = creditsOf(request.endpoint);
    if (credits === undefined) return refusal(404, 'there is no such endpoint');
    if (fault?.kind === 'exhausted') return exhausted(fault.window, fault.as);
    const { account } = this.#books;
    const overspent = account.spend(credits * symbolsOf(request), request.timeMs);
    if (overspent !== undefined) return exhausted(overspent.window, fault?.kind === 'refusals-as' ? fault.as : 'status');
    if (fault?.kind === 'error') return refusal(fault.code, fault.message ?? 'the double was told to refuse this', fault.as);
    return answerOf(request, this.#market);
  }
}

/** Credits are for each symbol. */
function symbolsOf({ parameters }: RestRequest): number {
  return (parameters.get('symbol') ?? '').split(',').length;
}

function keyOf(message: IncomingMessage, { parameters }: RestRequest): string | undefined {
  return /^apikey (.+)$/.exec(message.headers.authorization ?? '')?.[1] ?? parameters.get('apikey') ?? undefined;
}

function exhausted(window: 'minute' | 'day', as: 'status' | 'body' | undefined): RestAnswer {
  const span = window === 'minute' ? 'the current minute' : 'the day';
  return refusal(429, `You have run out of API credits for ${span}. Wait for the next ${window} or switch to a larger plan.`, as);
}
