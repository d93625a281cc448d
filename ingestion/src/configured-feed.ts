/** The feeds that the settings ask for, ready for {@link runIngesters}. */
import { accessSync, constants } from 'node:fs';
import type { MarketHours } from '@tapeline/core/calendars/market-calendars';
import type { Configuration } from '@tapeline/core/configuration';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { recordingFeedName } from '@tapeline/core/recorded-sessions';
import type { FeedName } from '@tapeline/core/settings/feed-settings';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { warnOfClearText } from './clear-text-warning.ts';
import { type SymbolFeed, type SymbolsNow, symbolsOfFeeds, symbolsOfShards } from './configured-symbols.ts';
import type { Feed, LastSession } from './feed.ts';
import { finnhubFeed, finnhubUrl } from './finnhub/finnhub-feed.ts';
import type { OpenFeed } from './ingester.ts';
import { createRecorder } from './recorder.ts';
import { recordingFeed } from './recording-feed.ts';
import { twelveDataFeed } from './twelve-data/twelve-data-feed.ts';
import { yahooFeed } from './yahoo/yahoo-feed.ts';

/** TwelveData's price stream. */
export const vendorUrl = 'wss://ws.twelvedata.com/v1/quotes/price';

export interface ConfiguredFeedOptions {
  /** A simulator's address in place of TwelveData's, once it runs; otherwise the setting's, otherwise the vendor's. */
  readonly url?: () => string | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** One feed of the settings. */
export interface ConfiguredFeed {
  /** Source and shard, as in `twelve-data/0`. */
  readonly feed: string;
  readonly openFeed: OpenFeed;
}

/** What each opening of a feed behind a vendor is given. */
interface Opening extends Pick<ConfiguredFeedOptions, 'logger' | 'registry'> {
  readonly feed: string;
  readonly symbols: readonly string[];
  readonly symbolsNow: SymbolsNow;
  readonly clock: () => number;
  readonly signal: AbortSignal;
  readonly muteTimeoutMs?: number;
  readonly marketHours: MarketHours;
  readonly lastSession?: LastSession;
  readonly firstSession?: number;
  readonly partitions?: number;
}

/**
 * What the ingester needs to read each of `FEEDS`, in their order; a feed of several shards is several.
 * @throws PipelineError `configuration.invalid` for a file of symbols that cannot be used, or a recording that cannot be read.
 */
export function openConfiguredFeeds(configuration: Configuration, options: ConfiguredFeedOptions): readonly ConfiguredFeed[] {
  const { FEED_MUTE_TIMEOUT_MS: muteTimeoutMs, MARKET_HOURS: marketHours } = configuration;
  const { logger, registry } = options;
  warnOfClearText(configuration, logger);
  const isOne = configuration.FEEDS.length === 1 && configuration.TWELVE_DATA_SHARDS === 1;
  const lists = symbolsOfFeeds(configuration, logger);
  const listOf = (feed: SymbolFeed): SymbolsNow => lists.get(feed) ?? (() => []);
  const vendorFeed = (feed: string, symbolsNow: SymbolsNow, open: (opening: Opening) => Feed): ConfiguredFeed => ({
    feed,
    openFeed: (lastSession, signal, firstSession, partitions) =>
      open({
        feed,
        symbols: symbolsNow(),
        symbolsNow,
        clock: Date.now,
        logger: isOne ? logger : logger.child({ feed }),
        registry,
        signal,
        marketHours,
        ...(muteTimeoutMs === undefined ? {} : { muteTimeoutMs }),
        ...(lastSession === undefined ? {} : { lastSession }),
        ...(firstSession === undefined ? {} : { firstSession }),
        ...(partitions === undefined ? {} : { partitions }),
      }),
  });
  const feeds: Readonly<Record<FeedName, () => readonly ConfiguredFeed[]>> = {
    'twelve-data': () =>
      symbolsOfShards(listOf('twelve-data'), configuration.TWELVE_DATA_SHARDS).map((symbolsNow, shard) =>
        vendorFeed(`twelve-data/${shard}`, symbolsNow, opening => openTwelveData(configuration, opening, options.url?.())),
      ),
    finnhub: () => [vendorFeed('finnhub/0', listOf('finnhub'), opening => openFinnhub(configuration, opening))],
    yahoo: () => [vendorFeed('yahoo/0', listOf('yahoo'), opening => openYahoo(configuration, opening))],
    recording: () => [recordingOf(configuration, logger)],
  };
  return configuration.FEEDS.flatMap(name => feeds[name]());
}

/** With a recorder of its own for each opening, when a recording is asked for. */
async function* openTwelveData(configuration: Configuration, opening: Opening, url: string | undefined): Feed {
  const { TWELVE_DATA_API_KEY: apiKey, TWELVE_DATA_URL, FEED_RECORDING_FILE: path } = configuration;
  const recorder = path === undefined ? undefined : createRecorder({ path, logger: opening.logger, registry: opening.registry });
  try {
    yield* twelveDataFeed({
      ...opening,
      url: url ?? TWELVE_DATA_URL ?? vendorUrl,
      feedClock: configuration.FEED_CLOCK === 'feed',
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(recorder === undefined ? {} : { recorder }),
    });
  } finally {
    await recorder?.close();
  }
}

function openFinnhub({ FINNHUB_API_KEY: apiKey, FINNHUB_URL: url }: Configuration, opening: Opening): Feed {
  return finnhubFeed({ ...opening, url: url ?? finnhubUrl, ...(apiKey === undefined ? {} : { apiKey }) });
}

function openYahoo({ YAHOO_URL: url, YAHOO_POLL_INTERVAL_MS: pollIntervalMs }: Configuration, opening: Opening): Feed {
  return yahooFeed({ ...opening, url, timing: { pollIntervalMs } });
}

/** Played once into a log: a second time its ticks would come late, or count twice. */
function recordingOf({ REPLAY_FILE: path = '', REPLAY_SPEED: speed }: Configuration, logger: Logger): ConfiguredFeed {
  const feed = recordingFeedName;
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const message = `REPLAY_FILE must be a file that can be read, was "${path}" (${reasonOf(cause)}): correct its path or permissions`;
    throw new PipelineError('configuration.invalid', message, { retriable: false, cause });
  }
  return {
    feed,
    openFeed: async function* (lastSession, signal) {
      if (lastSession !== undefined) {
        logger.warn(
          { feed },
          'the log has this feed already: the recording is not played again; take another DATA_DIR or KAFKA_TOPIC_PREFIX to play one',
        );
        return;
      }
      yield* recordingFeed({ path, feed, signal, ...(speed === undefined ? {} : { speed }) });
    },
  };
}
