/** What the messages of any vendor are read as, before a session maps them to records. */
import type { InstrumentFacts } from './instrument-class.ts';

/** One price update. Absent fields were absent or `null`. */
export interface PriceEvent extends InstrumentFacts {
  readonly kind: 'price';
  readonly symbol: string;
  readonly price: number;
  readonly bid?: number;
  readonly ask?: number;
  /** Cumulative over the trading day. */
  readonly dayVolume?: number;
  /** Of the trade, from vendors that tell it (Finnhub). */
  readonly size?: number;
  /** The vendor's stamp: whole seconds, for some instruments whole minutes. */
  readonly sourceTimeMs: number;
  /** How finely the stamp tells the time; absent where it has to be learnt from the stamps. */
  readonly resolutionMs?: number;
}

export interface AcceptedSymbol extends InstrumentFacts {
  /** As it will be spelt in prices. */
  readonly symbol: string;
}

export interface RefusedSymbol {
  readonly symbol: string;
  readonly reason: string;
}

/** The answer to one `subscribe`. */
export interface SubscribeStatus {
  readonly kind: 'subscribe-status';
  readonly accepted: readonly AcceptedSymbol[];
  readonly refused: readonly RefusedSymbol[];
  /** What was wrong with the request as a whole; empty when nothing was. */
  readonly errors: readonly string[];
}

export type VendorMessage =
  | PriceEvent
  | SubscribeStatus
  | { readonly kind: 'heartbeat' | 'unsubscribe-status' | 'reset-status' }
  | { readonly kind: 'error'; readonly code: number | undefined; readonly detail: string }
  | { readonly kind: 'simulated-time'; readonly timeMs: number }
  | { readonly kind: 'malformed' | 'unknown'; readonly detail: string };
