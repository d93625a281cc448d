/** The feed of TwelveData's price stream. */
import type { FeedEvent } from '../feed.ts';
import type { Recorder } from '../recorder.ts';
import { type SocketFeedOptions, socketFeed } from '../socket-feed.ts';
import { type ConnectionTiming, defaultTiming, FeedConnection } from './feed-connection.ts';

/** The key is sent in a header. */
export interface TwelveDataFeedOptions extends SocketFeedOptions {
  /** Source and shard of the records. @default 'twelve-data/0' */
  readonly feed?: string;
  /** True when the server says the time (`FEED_CLOCK=feed`). */
  readonly feedClock: boolean;
  readonly recorder?: Recorder;
  /** Bounds that tests shorten. */
  readonly timing?: Partial<ConnectionTiming>;
}

/**
 * Reads the stream until `signal` aborts; reconnects for ever.
 * @throws PipelineError `feed.key-refused` when the vendor refused the key three times; `configuration.invalid` when symbols clash.
 */
export function twelveDataFeed(options: TwelveDataFeedOptions): AsyncGenerator<FeedEvent, void, undefined> {
  const timing = { ...defaultTiming, ...options.timing };
  const { url, apiKey, feedClock, logger, recorder, partitions } = options;
  const feed = options.feed ?? 'twelve-data/0';
  return socketFeed(options, {
    feed,
    keySetting: 'TWELVE_DATA_API_KEY',
    symbolsSetting: 'SYMBOLS',
    feedClock,
    resubscribedReason: 'resubscribed by the server',
    subscriptions: { retryRefusedMs: timing.retryRefusedMs },
    open: context => new FeedConnection({ ...context, feed, url, apiKey, timing, feedClock, logger, recorder, partitions }),
  });
}
