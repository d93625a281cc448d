/** A feed's list of symbols that may change while the feed runs. */
import type { Logger } from 'pino';
import type { Subscriptions, SymbolChange } from './subscriptions.ts';

export interface FollowedSymbolsOptions {
  /** The list that the subscriptions began with. */
  readonly symbols: readonly string[];
  /** The symbols as they are now, the same array until they change. @default `symbols`, for ever */
  readonly symbolsNow?: (() => readonly string[]) | undefined;
  readonly subscriptions: Subscriptions;
  readonly logger: Logger;
}

export class FollowedSymbols {
  readonly #options: FollowedSymbolsOptions;
  #symbols: readonly string[];

  constructor(options: FollowedSymbolsOptions) {
    this.#options = options;
    this.#symbols = options.symbols;
  }

  /** How the list changed since this was asked last, told to the subscriptions and to the log of the process; `undefined` when it did not. */
  changed(): SymbolChange | undefined {
    const { symbolsNow, subscriptions, logger } = this.#options;
    const symbols = symbolsNow?.() ?? this.#symbols;
    if (symbols === this.#symbols) return undefined;
    this.#symbols = symbols;
    const change = subscriptions.replace(symbols);
    const { come, gone } = change;
    if (come.length + gone.length === 0) return undefined;
    logger.info({ come, gone }, `symbols changed: ${come.length} added, ${gone.length} removed`);
    return change;
  }
}
