/**
 * A vendor whose market keeps the account of all its prices, whoever was told them, and of which bars follow. It says the time itself, so
 * that minutes of it pass in milliseconds, and it stands still while the process does: how much happens in a minute does not depend on
 * the machine. Faults are the simulator's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@tapeline/simulator/connection';
import { FaultSet } from '@tapeline/simulator/fault-set';
import type { Instrument } from '@tapeline/simulator/market/instruments';
import { priceEvent } from '@tapeline/simulator/market/price-event';
import { mixed, randomOf } from '@tapeline/simulator/market/random';
import { instrumentsNamed } from '@tapeline/simulator/market/well-known-instruments';
import { PriceServer } from '@tapeline/simulator/price-server';
import type { PriceSource } from '@tapeline/simulator/price-source';
import type { RestBar } from '@tapeline/simulator/rest/seeded-bars';
import type { Logger } from 'pino';
import type { StormVendor } from './storm.ts';
import { Subscribers } from './subscribers.ts';

export interface AccountedPrice {
  readonly timeMs: number;
  readonly price: number;
}

export interface AccountedMarketOptions {
  readonly seed: number;
  /** Of well-known instruments. */
  readonly symbols: readonly string[];
  /** The market's time at the start. */
  readonly beginMs: number;
  readonly logger: Logger;
}

export interface AccountedMarket extends StormVendor {
  /** All prices of a symbol so far, ascending. */
  prices(symbol: string): readonly AccountedPrice[];
}

/** How much of the market's time one step is; BTC/USD has a price in each. */
const stepMs = 20_000;
const stepIntervalMs = 15;
/** Few enough that a client is not taken up by them for long. */
const stepsAtOnce = 10;
/** Each symbol has a price in every n-th step: of the last one many a minute has none. */
const everyNth = [1, 1, 2, 7];

/** Starts it; it listens when the promise resolves, and its time runs until it is closed. */
export async function startAccountedMarket({ seed, symbols, beginMs, logger }: AccountedMarketOptions): Promise<AccountedMarket> {
  const faults = new FaultSet();
  const source = new AccountedSource(symbols, beginMs);
  const server = new PriceServer(source, {
    faults,
    clock: () => source.nowMs,
    sayTime: true,
    lastPrices: new Map(),
    random: randomOf(mixed(seed, 1)),
    logger,
    apiKey: undefined,
  });
  const port = await server.listen(0, '127.0.0.1');
  const timer = setInterval(() => source.step(), stepIntervalMs);
  return {
    url: `ws://127.0.0.1:${port}/v1/quotes/price`,
    connections: server.connections,
    misbehave: misbehaviour => faults.add(misbehaviour),
    behave: kind => faults.remove(kind),
    dropConnections: () => server.dropConnections(),
    playOn: async ms => {
      for (const endMs = source.nowMs + ms; source.nowMs < endMs; await sleep(1)) {
        for (let step = 0; step < stepsAtOnce; step += 1) source.step();
      }
      return source.lastPriceMs;
    },
    prices: symbol => source.account.get(symbol) ?? [],
    close: async () => {
      clearInterval(timer);
      await server.close();
    },
  };
}

/** The bar of these prices, in their order, or `undefined` when none is in the window; its volume is their number. */
export function barOf(prices: readonly AccountedPrice[], startMs: number, lengthMs: number): RestBar | undefined {
  const within = prices.filter(({ timeMs }) => timeMs >= startMs && timeMs < startMs + lengthMs).map(({ price }) => price);
  const [open, close] = [within[0], within.at(-1)];
  if (open === undefined || close === undefined) return undefined;
  return { open, high: Math.max(...within), low: Math.min(...within), close, volume: within.length };
}

class AccountedSource implements PriceSource {
  readonly played = new Promise<void>(() => {});
  readonly account: ReadonlyMap<string, AccountedPrice[]>;
  /** After all prices that there are. */
  nowMs: number;
  lastPriceMs: number;
  readonly #instruments: readonly Instrument[];
  readonly #beginMs: number;
  readonly #subscribers: Subscribers;
  #steps = 0;

  constructor(symbols: readonly string[], beginMs: number) {
    // Stamped in seconds, so that a price that comes late still has its place among the others of its minute.
    this.#instruments = instrumentsNamed(symbols).map(instrument => ({ ...instrument, stampMs: 1_000 }));
    this.#subscribers = new Subscribers(this.#instruments, () => this.nowMs);
    this.account = new Map(symbols.map(symbol => [symbol, []]));
    this.#beginMs = beginMs;
    this.nowMs = beginMs;
    this.lastPriceMs = beginMs;
  }

  serve(connection: Connection): void {
    this.#subscribers.serve(connection);
  }

  async stop(): Promise<void> {}

  /** No stamp of the first step is a whole minute: all are known to be seconds from the first price on. */
  step(): void {
    const timeMs = this.#beginMs + 7_000 + this.#steps * stepMs;
    for (const [at, instrument] of this.#instruments.entries()) {
      if (this.#steps % (everyNth[at] ?? 1) === 0) this.#trade(instrument, timeMs + at);
    }
    this.#steps += 1;
    // Whoever comes between two steps comes after the prices of the first.
    this.nowMs = timeMs + this.#instruments.length;
  }

  #trade(instrument: Instrument, timeMs: number): void {
    // Another one in each step: both numbers are prime to each other.
    const price = (10_000_000 + ((this.#steps * 618_033) % 1_000_003)) / 10_000;
    this.account.get(instrument.symbol)?.push({ timeMs, price });
    this.lastPriceMs = timeMs;
    const event = priceEvent(instrument, { timeMs, price, bid: price, ask: price });
    const raw = JSON.stringify(event);
    for (const connection of this.#subscribers.of(instrument)) connection.price({ event, raw, timeMs });
  }
}
