/** The feed of Finnhub's trades. */
import type { FeedEvent } from '../feed.ts';
import { type SocketFeedOptions, socketFeed } from '../socket-feed.ts';
import { defaultFinnhubTiming, FinnhubConnection, type FinnhubTiming } from './finnhub-connection.ts';

/** The vendor's stream of trades. */
export const finnhubUrl = 'wss://ws.finnhub.io';

export interface FinnhubFeedOptions extends SocketFeedOptions {
  /** Source and shard of the records. @default 'finnhub/0' */
  readonly feed?: string;
  /** Bounds that tests shorten. */
  readonly timing?: Partial<FinnhubTiming>;
}

/**
 * Reads the trades until `signal` aborts; reconnects for ever. The vendor takes one connection for a key, and the key only in the address.
 * @throws PipelineError `feed.key-refused` when the vendor refused the key three times; `configuration.invalid` when symbols clash.
 */
export function finnhubFeed(options: FinnhubFeedOptions): AsyncGenerator<FeedEvent, void, undefined> {
  const timing = { ...defaultFinnhubTiming, ...options.timing };
  const { logger } = options;
  const url = withKey(options.url, options.apiKey);
  return socketFeed(options, {
    feed: options.feed ?? 'finnhub/0',
    keySetting: 'FINNHUB_API_KEY',
    symbolsSetting: 'FINNHUB_SYMBOLS',
    subscriptions: { retryRefusedMs: timing.retryRefusedMs, nameInPrices: symbol => symbol },
    open: context => new FinnhubConnection({ ...context, url, timing, logger }),
  });
}

function withKey(address: string, key: string | undefined): string {
  const url = new URL(address);
  if (key !== undefined) url.searchParams.set('token', key);
  return url.href;
}
