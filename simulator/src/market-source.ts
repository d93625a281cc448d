/** The simulated market behind the server: answers subscriptions and sends each connection the prices that it asked for. */
import type { ClientMessage } from './client-messages.ts';
import type { Connection } from './connection.ts';
import { findInstrument, type Instrument, type InstrumentName } from './market/instruments.ts';
import { type Market, type MarketPrice, slotMs } from './market/market.ts';
import { priceEvent, statusEntry } from './market/price-event.ts';
import { type Random, shuffledBy } from './market/random.ts';
import type { SubscribeStatus } from './misbehaviours/fault.ts';
import type { PriceSource } from './price-source.ts';

/** How often the market is asked for what has happened. */
const pumpMs = 25;
/** A clock that jumps ahead by more (a laptop that slept) leaves the market's prices in between untold. */
const catchUpMs = 1_000;

export interface MarketSourceOptions {
  readonly market: Market;
  readonly instruments: readonly Instrument[];
  /** The market's time. */
  readonly now: () => number;
  readonly random: Random;
}

export class MarketSource implements PriceSource {
  readonly played = new Promise<void>(() => {});
  readonly #options: MarketSourceOptions;
  readonly #subscribed = new Map<Connection, Set<Instrument>>();
  readonly #timer: NodeJS.Timeout;
  #nextSlot: number;

  constructor(options: MarketSourceOptions) {
    this.#options = options;
    this.#nextSlot = Math.floor(options.now() / slotMs);
    this.#timer = setInterval(() => this.#pump(), pumpMs);
  }

  serve(connection: Connection): void {
    const subscribed = new Set<Instrument>();
    this.#subscribed.set(connection, subscribed);
    connection.signal.addEventListener('abort', () => this.#subscribed.delete(connection), { once: true });
    connection.listen(message => this.#handle(connection, subscribed, message));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  #handle(connection: Connection, subscribed: Set<Instrument>, message: ClientMessage): void {
    if (message.action === 'subscribe') this.#subscribe(connection, subscribed, message.names);
    if (message.action === 'unsubscribe') this.#unsubscribe(connection, subscribed, message.names);
    if (message.action === 'reset') {
      subscribed.clear();
      connection.message({ event: { event: 'reset-status', status: 'ok' }, timeMs: this.#options.now() });
    }
    connection.subscribed([...subscribed].map(({ symbol }) => symbol));
  }

  #subscribe(connection: Connection, subscribed: Set<Instrument>, names: readonly InstrumentName[]): void {
    const accepted: Instrument[] = [];
    const fails: { symbol: string; message: string }[] = [];
    for (const name of names) {
      const instrument = findInstrument(this.#options.instruments, name);
      const refusal = connection.refusal(name.symbol) ?? (instrument === undefined ? unknownSymbol(name.symbol) : undefined);
      if (refusal !== undefined) fails.push({ symbol: name.symbol, message: refusal });
      else if (instrument !== undefined) accepted.push(instrument);
    }
    for (const instrument of accepted) subscribed.add(instrument);
    const success = shuffledBy(accepted, this.#options.random).map(statusEntry);
    const status: SubscribeStatus = {
      event: 'subscribe-status',
      status: fails.length === 0 ? 'ok' : success.length === 0 ? 'error' : 'warning',
      success,
      fails: fails.length === 0 ? null : fails,
    };
    const symbols = accepted.map(({ symbol }) => symbol);
    connection.status({ ...status }, this.#options.now(), symbols);
  }

  #unsubscribe(connection: Connection, subscribed: Set<Instrument>, names: readonly InstrumentName[]): void {
    const gone = names.flatMap(name => findInstrument([...subscribed], name) ?? []);
    for (const instrument of gone) subscribed.delete(instrument);
    const event = { event: 'unsubscribe-status', status: 'ok', success: gone.map(statusEntry), fails: null };
    connection.message({ event, timeMs: this.#options.now() });
  }

  #pump(): void {
    const nowMs = this.#options.now();
    const end = Math.floor(nowMs / slotMs);
    const behind = Math.abs(end - this.#nextSlot) * slotMs;
    if (this.#subscribed.size === 0 || behind > catchUpMs) this.#nextSlot = end;
    while (this.#nextSlot < end) {
      this.#send(this.#options.market(this.#nextSlot), nowMs);
      this.#nextSlot += 1;
    }
  }

  #send(prices: readonly MarketPrice[], timeMs: number): void {
    const outs = prices.map(price => {
      const event = priceEvent(price.instrument, price);
      return { instrument: price.instrument, out: { event, raw: JSON.stringify(event), timeMs } };
    });
    for (const [connection, subscribed] of this.#subscribed) {
      connection.cork();
      for (const { instrument, out } of outs) {
        if (subscribed.has(instrument)) connection.price(out);
      }
      connection.uncork();
    }
  }
}

function unknownSymbol(symbol: string): string {
  return `Symbol ${symbol} was not found. Please check that it is spelt correctly and that the data is available on your plan.`;
}
