/**
 * Two vendors whose markets never rest, on real sockets: TwelveData's protocol, for a feed of two shards, and Finnhub's. Now and then a price
 * is stamped late: some correct bars that are closed, and a few come too late for that.
 */
import { partitionOf } from '@tapeline/core/partitioner';
import type { Connection } from '@tapeline/simulator/connection';
import { FaultSet } from '@tapeline/simulator/fault-set';
import { FinnhubServer } from '@tapeline/simulator/finnhub/finnhub-server';
import type { Instrument } from '@tapeline/simulator/market/instruments';
import { priceEvent } from '@tapeline/simulator/market/price-event';
import { randomOf as vendorRandomOf } from '@tapeline/simulator/market/random';
import { PriceServer } from '@tapeline/simulator/price-server';
import type { PriceSource } from '@tapeline/simulator/price-source';
import type { Logger } from 'pino';
import { type Random, randomOf } from '../../../test/support/random.ts';
import { Subscribers } from '../support/subscribers.ts';
import { Ledger } from './ledger.ts';

export interface VendorsOptions {
  readonly seed: number;
  readonly partitions: number;
  /** Of both together. */
  readonly ticksPerSecond: number;
  readonly logger: Logger;
}

const slotMs = 40;
/** After a standstill of the machine no more than so much is made up for: a market does not, either. */
const mostBehindMs = 2_000;

export class Vendors {
  readonly ledger: Ledger;
  /** One of each partition, in their order, then the second ones. */
  readonly twelveDataSymbols: readonly string[];
  readonly finnhubSymbols: readonly string[];
  /** Of both; each has its price in turn, so that none is quiet for long. */
  readonly symbols: readonly string[];
  readonly #twelveData: PriceServer;
  readonly #finnhub = new FinnhubServer({});
  readonly #source: Source;
  readonly #random: Random;
  readonly #ticksPerSecond: number;
  #ports: readonly [number, number] = [0, 0];
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;

  private constructor({ seed, partitions, ticksPerSecond, logger }: VendorsOptions) {
    this.twelveDataSymbols = [...symbolsIn(partitions, 'S', '/USD'), ...symbolsIn(partitions, 'T', '/USD')];
    this.finnhubSymbols = symbolsIn(partitions, 'BINANCE:F', 'USDT');
    this.symbols = [...this.twelveDataSymbols, ...this.finnhubSymbols];
    this.ledger = new Ledger(this.symbols);
    this.#random = randomOf(seed);
    this.#ticksPerSecond = ticksPerSecond;
    this.#source = new Source(this.twelveDataSymbols);
    const faults = new FaultSet();
    const host = { faults, clock: Date.now, sayTime: false, lastPrices: new Map(), random: vendorRandomOf(seed), logger };
    this.#twelveData = new PriceServer(this.#source, { ...host, apiKey: undefined });
  }

  static async start(options: VendorsOptions): Promise<Vendors> {
    const vendors = new Vendors(options);
    const port = await vendors.#twelveData.listen(0, '127.0.0.1');
    await vendors.#finnhub.listen(0);
    vendors.#ports = [port, Number(new URL(vendors.#finnhub.url).port)];
    return vendors;
  }

  /** `host:port` of each. */
  get addresses(): { readonly twelveData: string; readonly finnhub: string } {
    return { twelveData: `127.0.0.1:${this.#ports[0]}`, finnhub: `127.0.0.1:${this.#ports[1]}` };
  }

  trade(): void {
    this.#dueMs = performance.now();
    this.#timer = setInterval(() => this.#slot(), slotMs);
  }

  /** The markets rest; connections stay. */
  rest(): void {
    clearInterval(this.#timer);
  }

  /** Ends every connection of the ingester (1: TwelveData's, 2: Finnhub's) without a close code. */
  drop(ingester: number): void {
    if (ingester === 1) this.#twelveData.dropConnections();
    else this.#finnhub.dropConnections();
  }

  async close(): Promise<void> {
    this.rest();
    await Promise.all([this.#twelveData.close(), this.#finnhub.close()]);
  }

  #slot(): void {
    const nowMs = performance.now();
    this.#dueMs = Math.max(this.#dueMs, nowMs - mostBehindMs);
    for (; this.#dueMs <= nowMs; this.#dueMs += 1_000 / this.#ticksPerSecond)
      this.#trade(this.symbols[this.ledger.count % this.symbols.length] ?? '');
  }

  #trade(symbol: string): void {
    const timeMs = Date.now();
    const { price, number } = this.ledger.next(symbol, timeMs);
    const stampMs = timeMs - latenessMs(this.#random);
    if (this.finnhubSymbols.includes(symbol)) this.#finnhub.trade({ s: symbol, p: price, t: stampMs, v: this.#random.whole(1, 9) });
    else this.#source.price(symbol, { timeMs: stampMs, price, bid: price, ask: price, dayVolume: 1_000 + number * 3 });
  }
}

class Source implements PriceSource {
  readonly played = new Promise<void>(() => {});
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #subscribers: Subscribers;

  constructor(symbols: readonly string[]) {
    const instruments = symbols.map(instrumentOf);
    this.#instruments = new Map(instruments.map(instrument => [instrument.symbol, instrument]));
    this.#subscribers = new Subscribers(instruments, Date.now);
  }

  serve(connection: Connection): void {
    this.#subscribers.serve(connection);
  }

  price(symbol: string, quote: Parameters<typeof priceEvent>[1]): void {
    const instrument = this.#instruments.get(symbol);
    if (instrument === undefined) throw new TypeError(`${symbol} is no symbol of this vendor`);
    const event = priceEvent(instrument, quote);
    const out = { event, raw: JSON.stringify(event), timeMs: Date.now() };
    for (const connection of this.#subscribers.of(instrument)) connection.price(out);
  }

  async stop(): Promise<void> {}
}

/** Most are in time; some wait, some correct bars that are closed, and a few come too late for that. */
function latenessMs({ next, whole }: Random): number {
  const drawn = next();
  if (drawn < 0.001) return whole(70_000, 90_000);
  if (drawn < 0.01) return whole(2_500, 20_000);
  return drawn < 0.1 ? whole(0, 1_900) : 0;
}

/** A symbol of each partition, in their order. */
function symbolsIn(partitions: number, before: string, after: string): readonly string[] {
  return Array.from({ length: partitions }, (_, partition) => {
    let number = 0;
    while (partitionOf(`${before}${number}${after}`, partitions) !== partition) number += 1;
    return `${before}${number}${after}`;
  });
}

function instrumentOf(symbol: string): Instrument {
  return {
    symbol,
    name: symbol,
    assetClass: 'crypto',
    exchange: 'Huobi',
    currencyBase: symbol.split('/')[0] ?? symbol,
    currencyQuote: 'US Dollar',
    timeZone: 'UTC',
    decimals: 4,
    basePrice: 1_000,
    annualVolatility: 1,
    spreadBasisPoints: 1,
    quotesBidAsk: true,
    dailyVolume: 1,
    stampMs: 1_000,
    liveliness: 1,
  };
}
