/**
 * What a connection has of the everyday path: prices that are everyday are taken in their bytes, all other messages go the plain way and
 * teach what is everyday. Both ways fill the same session.
 */
import type { EverydayListener } from '../connection.ts';
import type { FeedEvent, PlainEvent } from '../feed.ts';
import type { Received, SessionMapper } from '../session-mapper.ts';
import { EverydayPrices } from './everyday-prices.ts';

export interface EverydayWayOptions {
  /** Source and shard of the records. */
  readonly feed: string;
  /** Of `market-data.feed`. */
  readonly partitions: number;
  /** Of the plain way. */
  readonly mapper: SessionMapper;
  /** The time of receipts. */
  readonly nowMs: () => number;
  readonly emit: (events: readonly FeedEvent[]) => void;
  /** Prices of this market came; told once of those that came together. */
  readonly priced: (market: string | undefined) => void;
}

export class EverydayWay implements EverydayListener {
  readonly #options: EverydayWayOptions;
  readonly #prices: EverydayPrices;

  constructor(options: EverydayWayOptions) {
    const { feed, partitions, emit, priced } = options;
    this.#options = options;
    this.#prices = new EverydayPrices({ feed, partitions, emit: run => emit([run]), priced });
  }

  bytesCame(): void {
    const { mapper, nowMs, emit } = this.#options;
    this.#prices.received(mapper.announced, nowMs());
    // A run that waits has grown: its queue must know.
    emit([]);
  }

  take(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#prices.take(bytes, start, end);
  }

  /** A message went the plain way, with these events. The answer to a subscription may change what a symbol is. */
  wentPlainly({ message, receivedTimeMs, text }: Received, events: readonly PlainEvent[]): void {
    const { mapper } = this.#options;
    this.#prices.timeIs(receivedTimeMs);
    const tick = events.at(-1);
    if (message.kind === 'subscribe-status') this.#prices.forget();
    else if (tick?.kind === 'tick' && mapper.announced !== undefined)
      this.#prices.learn(text(), tick, mapper.announced, mapper.resolutionMs(tick.symbol));
    else if (message.kind === 'price') this.#prices.forgetSymbol(message.symbol);
  }

  /** Symbols were given up: whose prices are still everyday is learnt anew. */
  symbolsLeft(): void {
    this.#prices.forget();
  }
}
