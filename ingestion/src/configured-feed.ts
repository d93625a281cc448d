/** The feed that the settings ask for, ready for {@link runIngester}. */
import type { Configuration } from '@tapeline/core/configuration';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Feed, LastSession } from './feed.ts';
import { createRecorder } from './recorder.ts';
import { twelveDataFeed } from './twelve-data/twelve-data-feed.ts';

/** TwelveData's price stream. */
export const vendorUrl = 'wss://ws.twelvedata.com/v1/quotes/price';

/** Source and shard of the one TwelveData connection. */
const feed = 'twelve-data/0';

export interface ConfiguredFeedOptions {
  /** A simulator's address; otherwise the setting's, otherwise the vendor's. */
  readonly url?: string | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** The feed of the settings; sessions are numbered after the last one, and from `firstSession` at least. */
export interface ConfiguredFeed {
  readonly feed: string;
  readonly openFeed: (lastSession: LastSession | undefined, signal: AbortSignal, firstSession?: number) => Feed;
}

/** What `runIngester` needs to read the configured feed; each opening has a recorder of its own when a recording is asked for. */
export function openConfiguredFeed(configuration: Configuration, options: ConfiguredFeedOptions): ConfiguredFeed {
  const { logger, registry } = options;
  const { TWELVE_DATA_API_KEY: apiKey, FEED_MUTE_TIMEOUT_MS: muteTimeoutMs, FEED_RECORDING_FILE: path } = configuration;
  return {
    feed,
    openFeed: async function* (lastSession, signal, firstSession) {
      const recorder = path === undefined ? undefined : createRecorder({ path, logger, registry });
      try {
        yield* twelveDataFeed({
          feed,
          url: options.url ?? configuration.TWELVE_DATA_URL ?? vendorUrl,
          symbols: configuration.SYMBOLS,
          clock: Date.now,
          feedClock: configuration.FEED_CLOCK === 'feed',
          logger,
          registry,
          signal,
          ...(apiKey === undefined ? {} : { apiKey }),
          ...(muteTimeoutMs === undefined ? {} : { muteTimeoutMs }),
          ...(recorder === undefined ? {} : { recorder }),
          ...(lastSession === undefined ? {} : { lastSession }),
          ...(firstSession === undefined ? {} : { firstSession }),
        });
      } finally {
        await recorder?.close();
      }
    },
  };
}
