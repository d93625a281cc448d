/** The symbols of each feed, and of each shard of the feed twelve-data: of its setting, or of a file that may change. */
import type { Configuration } from '@tapeline/core/configuration';
import type { FeedName } from '@tapeline/core/settings/feed-settings';
import { shardFault, shardOf } from '@tapeline/core/shards';
import { namesOfSymbol } from '@tapeline/core/symbol-lists';
import type { Logger } from 'pino';
import { SymbolsFile } from './symbols-file.ts';

/** A feed that is asked for symbols. */
export type SymbolFeed = Exclude<FeedName, 'recording'>;

/** What gives the symbols of a feed now, the same array until they change. */
export type SymbolsNow = () => readonly string[];

const fileSettings = { 'twelve-data': 'SYMBOLS_FILE', finnhub: 'FINNHUB_SYMBOLS_FILE', yahoo: 'YAHOO_SYMBOLS_FILE' } as const;

/**
 * The symbols of each feed of `FEEDS`.
 * @param lookEveryMs as in {@link SymbolsFile}
 * @throws PipelineError `configuration.invalid` for a file of symbols that cannot be used.
 */
export function symbolsOfFeeds(configuration: Configuration, logger: Logger, lookEveryMs?: number): ReadonlyMap<SymbolFeed, SymbolsNow> {
  const feeds = configuration.FEEDS.filter(feed => feed !== 'recording');
  const lists = listsOfSettings(configuration);
  return new Map(feeds.map(feed => [feed, openList(feed, lists, { configuration, logger, lookEveryMs })]));
}

/** The same for whoever knows the feed twelve-data only: it is held to the lists of the other feeds' settings, not to their files. */
export function symbolsOfTwelveData(configuration: Configuration, logger: Logger): SymbolsNow {
  return openList('twelve-data', listsOfSettings(configuration), { configuration, logger });
}

/** The symbols of each shard of the feed twelve-data. */
export function symbolsOfShards(symbolsNow: SymbolsNow, shards: number): readonly SymbolsNow[] {
  return Array.from({ length: shards }, (_, shard) =>
    partOf(symbolsNow, symbols => symbols.filter(each => shardOf(each, shards) === shard)),
  );
}

/** Parted anew only when the whole has changed. */
function partOf(symbolsNow: SymbolsNow, part: (symbols: readonly string[]) => readonly string[]): SymbolsNow {
  let whole = symbolsNow();
  let own = part(whole);
  return () => {
    const now = symbolsNow();
    if (now === whole) return own;
    whole = now;
    const next = part(now);
    if (next.join('\n') !== own.join('\n')) own = next;
    return own;
  };
}

/** The lists in force; those of files come to it as they are opened. */
type ListsInForce = Map<SymbolFeed, SymbolsNow>;

interface ListContext {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly lookEveryMs?: number | undefined;
}

function listsOfSettings(configuration: Configuration): ListsInForce {
  const lists: ListsInForce = new Map();
  for (const feed of ['twelve-data', 'finnhub', 'yahoo'] as const) {
    if (!configuration.FEEDS.includes(feed) || configuration[fileSettings[feed]] !== undefined) continue;
    const symbols = symbolsOfSetting(feed, configuration);
    lists.set(feed, () => symbols);
  }
  return lists;
}

function symbolsOfSetting(feed: SymbolFeed, { SYMBOLS, FINNHUB_SYMBOLS = [], YAHOO_SYMBOLS = [] }: Configuration): readonly string[] {
  return { 'twelve-data': SYMBOLS, finnhub: FINNHUB_SYMBOLS, yahoo: YAHOO_SYMBOLS }[feed];
}

function openList(feed: SymbolFeed, lists: ListsInForce, { configuration, logger, lookEveryMs }: ListContext): SymbolsNow {
  const setting = fileSettings[feed];
  const path = configuration[setting];
  if (path === undefined) {
    const symbols = symbolsOfSetting(feed, configuration);
    return () => symbols;
  }
  const shards = feed === 'twelve-data' ? configuration.TWELVE_DATA_SHARDS : 1;
  const file = new SymbolsFile({
    setting,
    path,
    logger,
    lookEveryMs,
    faultOf: symbols => sharedFault(feed, symbols, lists) ?? shardFault(symbols, shards),
    ...(feed === 'twelve-data' ? {} : { nameInPrices: symbol => symbol }),
  });
  lists.set(feed, () => file.current);
  return () => file.symbols();
}

/** Feeds that swap symbols are each refused for the list that the other has in force. */
const sharedRemedy =
  'take it out of one of the lists; to swap symbols take those of one feed out first, and put the others in when that is in force';

/** What is wrong with a list beside those of the other feeds: a symbol that one of them has. */
function sharedFault(feed: SymbolFeed, symbols: readonly string[], lists: ListsInForce): string | undefined {
  const owners = new Map<string, SymbolFeed>();
  for (const [owner, current] of lists) {
    if (owner === feed) continue;
    for (const symbol of current()) for (const name of namesOfSymbol(owner, symbol)) owners.set(name, owner);
  }
  for (const symbol of symbols) {
    const owner = namesOfSymbol(feed, symbol).flatMap(name => owners.get(name) ?? [])[0];
    if (owner !== undefined) return `${symbol} is in the list of ${owner} already, but one feed owns a symbol: ${sharedRemedy}`;
  }
  return undefined;
}
