/**
 * Which symbols to ask for: refused ones are remembered and asked for again slowly, never with each reconnect.
 * Pure: times are arguments.
 */
import { PipelineError } from '@tapeline/core/errors';
import { nameInPrices } from '@tapeline/core/shards';
import type { SubscribeStatus } from './vendor-message.ts';

export interface SubscriptionsOptions {
  /** As the vendor takes them: `RY:TSX` names an exchange. Blanks around them do not count, repetitions neither. */
  readonly symbols: readonly string[];
  /** A refused symbol is asked for again after this. @default 900,000 */
  readonly retryRefusedMs?: number;
  /** What a symbol is called in prices. @default the text before a colon, which names an exchange */
  readonly nameInPrices?: (symbol: string) => string;
}

/** How a list became another one. */
export interface SymbolChange {
  readonly come: readonly string[];
  readonly gone: readonly string[];
}

export class Subscriptions {
  #symbols: readonly string[];
  readonly #retryMs: number;
  readonly #nameOf: (symbol: string) => string;
  /** When each refused symbol may be asked for again; bounded by the symbols. */
  readonly #dueMs = new Map<string, number>();

  /** @throws PipelineError `configuration.invalid` when two symbols would be spelt alike in prices. */
  constructor(options: SubscriptionsOptions) {
    this.#symbols = cleaned(options.symbols);
    this.#retryMs = options.retryRefusedMs ?? 900_000;
    this.#nameOf = options.nameInPrices ?? nameInPrices;
    refuseTwins(this.#symbols, this.#nameOf);
  }

  /** Takes another list in place of the one before; symbols that stay keep what is known of them. */
  replace(symbols: readonly string[]): SymbolChange {
    const [before, after] = [new Set(this.#symbols), new Set(cleaned(symbols))];
    const [come, gone] = [[...after].filter(symbol => !before.has(symbol)), [...before].filter(symbol => !after.has(symbol))];
    this.#symbols = [...after];
    for (const symbol of gone) this.#dueMs.delete(symbol);
    return { come, gone };
  }

  /** What these are called in prices and in refusals. */
  namesOf(symbols: readonly string[]): readonly string[] {
    return [...new Set(symbols.flatMap(symbol => [this.#nameOf(symbol), symbol.toUpperCase()]))];
  }

  /** All but the symbols whose refusal is fresh. */
  toAsk(nowMs: number): readonly string[] {
    return this.#symbols.filter(symbol => (this.#dueMs.get(symbol) ?? 0) <= nowMs);
  }

  /** Refused symbols that are due to be asked for again. */
  toRetry(nowMs: number): readonly string[] {
    return this.#symbols.filter(symbol => (this.#dueMs.get(symbol) ?? Number.POSITIVE_INFINITY) <= nowMs);
  }

  /** When the next refused symbol is due; `undefined` without one. */
  nextRetryMs(): number | undefined {
    return this.#dueMs.size === 0 ? undefined : Math.min(...this.#dueMs.values());
  }

  /** True when every symbol stands refused. */
  get isAllRefused(): boolean {
    return this.#dueMs.size === this.#symbols.length;
  }

  /** These were asked for just now: they are not asked again before the slow interval, whatever becomes of the answer. */
  asked(symbols: readonly string[], nowMs: number): void {
    for (const symbol of symbols) if (this.#dueMs.has(symbol)) this.#dueMs.set(symbol, nowMs + this.#retryMs);
  }

  /** Takes in the answer to a request for `asked`. */
  answered(status: SubscribeStatus, asked: readonly string[], nowMs: number): void {
    const isFailed = status.errors.length > 0 && status.accepted.length === 0 && status.refused.length === 0;
    const refused = isFailed ? [...asked] : status.refused.flatMap(({ symbol }) => this.#named(symbol, asked));
    for (const symbol of asked) this.#dueMs.delete(symbol);
    for (const symbol of refused) if (this.#symbols.includes(symbol)) this.#dueMs.set(symbol, nowMs + this.#retryMs);
  }

  /** Our spelling of a symbol that the vendor refused: the same text, or the same before the exchange. */
  #named(symbol: string, asked: readonly string[]): readonly string[] {
    const name = symbol.toUpperCase();
    const same = asked.filter(candidate => candidate.toUpperCase() === name);
    return same.length > 0 ? same : asked.filter(candidate => this.#nameOf(candidate) === name);
  }
}

/** A list in pieces, so that no message grows without bound. */
export function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** `RY` and `RY:TSX` are both `RY` in prices: their ticks would make one bar. */
function refuseTwins(symbols: readonly string[], nameOf: (symbol: string) => string): void {
  const seen = new Map<string, string>();
  for (const symbol of symbols) {
    const twin = seen.get(nameOf(symbol));
    if (twin !== undefined) {
      throw new PipelineError(
        'configuration.invalid',
        `symbols ${twin} and ${symbol} would both be called ${nameOf(symbol)} in prices and their ticks mixed: keep one of them in SYMBOLS`,
        { retriable: false },
      );
    }
    seen.set(nameOf(symbol), symbol);
  }
}

function cleaned(symbols: readonly string[]): readonly string[] {
  return [...new Set(symbols.map(symbol => symbol.trim()).filter(symbol => symbol !== ''))];
}
