/** What a vendor behind a WebSocket brings, and what each of its connections is given of the feed that it belongs to. */
import type { BackPressure } from './back-pressure.ts';
import type { Ending } from './connection.ts';
import type { FeedEvent } from './feed.ts';
import type { MarketPace } from './market-pace.ts';
import type { SessionMapper } from './session-mapper.ts';
import type { Subscriptions, SubscriptionsOptions, SymbolChange } from './subscriptions.ts';

/** What a connection has of the feed that it belongs to. */
export interface ConnectionContext {
  /** To ask for. */
  readonly symbols: readonly string[];
  readonly mapper: SessionMapper;
  readonly subscriptions: Subscriptions;
  readonly pace: MarketPace;
  readonly pressure: BackPressure;
  readonly signal: AbortSignal;
  /** The time of receipts and heartbeats; never goes back. */
  readonly nowMs: () => number;
  /** Takes the key out of a vendor's text. */
  readonly clean: (text: string) => string;
  readonly emit: (events: readonly FeedEvent[]) => void;
  /** How the symbols changed since this was asked last, for the connection to ask for and to give up; absent when they did not. */
  readonly changed: () => SymbolChange | undefined;
  /** A price came: the vendor serves us. */
  readonly received: () => void;
  /** The connection ended, all that came is mapped, and it is watched still: the log is told. */
  readonly ended: (ending: Ending) => void;
}

/** One connection from its request to its end. */
export interface VendorConnection {
  /** True once the server took us in. */
  readonly wasOpen: boolean;
  /** Runs until it ends, and says so by {@link ConnectionContext.ended}. */
  run(): Promise<Ending>;
  /** Ends it now, for this reason of ours. */
  end(reason: string): void;
}

/** What one vendor does in its own way. */
export interface SocketVendor {
  /** Source and shard of the records, as in `finnhub/0`. */
  readonly feed: string;
  /** The setting of the key, for whoever has to mend it. */
  readonly keySetting: string;
  /** The setting of the symbols, likewise. */
  readonly symbolsSetting: string;
  /** True when the server says the time (`FEED_CLOCK=feed`). @default false */
  readonly feedClock?: boolean;
  /** See {@link SessionMapper}; absent where a server never subscribes by itself. */
  readonly resubscribedReason?: string;
  readonly subscriptions: Omit<SubscriptionsOptions, 'symbols'>;
  readonly open: (context: ConnectionContext) => VendorConnection;
}
