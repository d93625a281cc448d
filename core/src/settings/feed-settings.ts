/** Where prices come from, and how they become ticks and bars. */
import { z } from 'zod';
import { type Interval, intervals } from '../intervals.ts';
import { absent, fetchedUrl, intervalList, list, path, type Setting, secretText, share, url, whole } from '../setting-kinds.ts';

/** Where prices can come from. */
export const feedNames = ['twelve-data', 'finnhub', 'yahoo', 'recording'] as const;
export type FeedName = (typeof feedNames)[number];

export const feedSettings = {
  TWELVE_DATA_API_KEY: absent<string>({
    ...secretText,
    help: 'key of TwelveData; without it and without TWELVE_DATA_URL, `npm start` simulates a market',
  }),
  TWELVE_DATA_URL: absent<string>({
    schema: url('ws', 'wss'),
    expected: 'a ws:// or wss:// address',
    example: 'wss://ws.twelvedata.com/v1/quotes/price',
    help: "address of the price stream; the vendor's when absent",
  }),
  TWELVE_DATA_REST_URL: absent<string>({
    schema: fetchedUrl,
    expected: 'an http:// or https:// address without user, ? and #',
    example: 'https://api.twelvedata.com',
    help: "address of the REST API that gaps are filled from; when absent the vendor's, where the price stream is the vendor's too, and gaps stay otherwise",
  }),
  TWELVE_DATA_CREDITS_PER_MINUTE: {
    schema: whole(1, 1_000_000),
    otherwise: 8,
    expected: 'a whole number from 1 to 1000000',
    example: '55',
    help: 'credits of the plan for the REST API; all who share the key and the store (or DATA_DIR) share them',
  } as Setting<number>,
  TWELVE_DATA_CREDITS_PER_DAY: {
    schema: whole(0, 1_000_000_000),
    otherwise: 800,
    expected: 'a whole number from 0 (no limit) to 1000000000',
    example: '0',
    help: 'the same for a day (UTC)',
  } as Setting<number>,
  BACKFILL_SETTLE_MS: {
    schema: whole(1_000, 86_400_000),
    otherwise: 120_000,
    expected: 'a whole number of milliseconds from 1000 to 86400000',
    example: '120000',
    help: 'the vendor is asked for a bar this long after it can no longer be corrected by a late tick: it needs time to finish its own',
  } as Setting<number>,
  RECONCILE_PRICE_TOLERANCE: {
    schema: share,
    otherwise: 0.001,
    expected: 'a number from 0 to 1',
    example: '0.001',
    help: "how far open, high, low and close may be from the vendor's bar, relative to it: the stream leaves trades out, so an extreme may be missed by some hundredths of a per cent, and a wrong price is further off",
  } as Setting<number>,
  RECONCILE_VOLUME_TOLERANCE: {
    schema: share,
    otherwise: 0.25,
    expected: 'a number from 0 to 1',
    example: '1',
    help: 'the same for volume, relative to the greater one: it is counted when the stream next tells it, so it slips between neighbouring bars; 1 compares prices only',
  } as Setting<number>,
  FEEDS: {
    schema: list
      .refine(names => names.every(name => (feedNames as readonly string[]).includes(name)))
      .transform(names => names as FeedName[]),
    otherwise: ['twelve-data'],
    expected: `one or more of ${feedNames.join(', ')}, separated by commas`,
    example: 'twelve-data,finnhub',
    help: 'where prices come from, into one log; each feed has its own list of symbols, for each vendor spells them in its own way; recording stands alone',
  } as Setting<readonly FeedName[]>,
  FINNHUB_API_KEY: absent<string>({ ...secretText, help: 'key of Finnhub, for the feed finnhub' }),
  FINNHUB_URL: absent<string>({
    schema: url('ws', 'wss'),
    expected: 'a ws:// or wss:// address',
    example: 'wss://ws.finnhub.io',
    help: "address of Finnhub's stream; the vendor's when absent",
  }),
  FINNHUB_SYMBOLS: absent<readonly string[]>({
    schema: list,
    expected: 'symbols as Finnhub spells them, separated by commas',
    example: 'AAPL,BINANCE:BTCUSDT,OANDA:EUR_USD',
    help: 'what the feed finnhub subscribes to',
  }),
  FINNHUB_SYMBOLS_FILE: absent<string>({
    ...path,
    example: '/etc/tapeline/finnhub-symbols.txt',
    help: 'symbols of the feed finnhub in a file, as SYMBOLS_FILE, in place of FINNHUB_SYMBOLS',
  }),
  YAHOO_URL: {
    schema: fetchedUrl,
    otherwise: 'https://query1.finance.yahoo.com',
    expected: 'an http:// or https:// address without user, ? and #',
    example: 'https://query1.finance.yahoo.com',
    help: 'where the feed yahoo asks; nothing official documents it: for demonstrations only',
  } as Setting<string>,
  YAHOO_SYMBOLS: absent<readonly string[]>({
    schema: list,
    expected: 'symbols as Yahoo spells them, separated by commas',
    example: 'AAPL,BTC-USD,EURUSD=X',
    help: 'what the feed yahoo asks for',
  }),
  YAHOO_SYMBOLS_FILE: absent<string>({
    ...path,
    example: '/etc/tapeline/yahoo-symbols.txt',
    help: 'symbols of the feed yahoo in a file, as SYMBOLS_FILE, in place of YAHOO_SYMBOLS; followed from one round to the next',
  }),
  YAHOO_POLL_INTERVAL_MS: {
    schema: whole(1_000, 3_600_000),
    otherwise: 15_000,
    expected: 'a whole number of milliseconds from 1000 to 3600000',
    example: '15000',
    help: 'how often the feed yahoo asks for each symbol',
  } as Setting<number>,
  REPLAY_FILE: absent<string>({
    ...path,
    example: 'day.jsonl',
    help: 'the recording that the feed recording plays, once into a log',
  }),
  REPLAY_SPEED: absent<number>({
    schema: z
      .string()
      .regex(/^\s*\d+(\.\d+)?\s*$/)
      .transform(Number)
      .pipe(z.number().positive().max(1_000_000)),
    expected: 'a number above 0',
    example: '1',
    help: "how fast it is played: 1 is the recording's own speed; as fast as it is read when absent",
  }),
  SYMBOLS: {
    schema: list,
    otherwise: ['BTC/USD', 'ETH/USD', 'ETH/BTC', 'AAPL', 'MSFT', 'NVDA', 'EUR/USD', 'XAU/USD'],
    expected:
      'symbols as the vendor spells them, separated by commas, each on one exchange only (prices of RY and RY:TSX are both named RY)',
    example: 'AAPL,BTC/USD',
    help: 'what the feed twelve-data subscribes to',
  } as Setting<readonly string[]>,
  SYMBOLS_FILE: absent<string>({
    ...path,
    example: '/etc/tapeline/symbols.txt',
    help: 'symbols of the feed twelve-data, a line each or separated by commas, in place of SYMBOLS; when it changes, the running feed follows within seconds',
  }),
  TWELVE_DATA_SHARDS: {
    schema: whole(1, 3),
    otherwise: 1,
    expected: 'a whole number from 1 to 3',
    example: '2',
    help: 'connections that share the symbols of the feed twelve-data, each a feed of its own in the log (twelve-data/0, twelve-data/1 …); the vendor takes 3 for a key, on its small plans 1',
  } as Setting<number>,
  BAR_INTERVALS: {
    schema: intervalList,
    otherwise: intervals,
    expected: `one or more of ${intervals.join(', ')}, separated by commas`,
    example: '1s,1m,1h',
    help: 'intervals of the bars',
  } as Setting<readonly Interval[]>,
  ALLOWED_LATENESS_MS: {
    schema: whole(0, 3_600_000),
    otherwise: 2_000,
    expected: 'a whole number of milliseconds from 0 to 3600000',
    example: '2000',
    help: 'how long a window waits for stragglers after its end',
  } as Setting<number>,
  CORRECTION_HORIZON_MS: {
    schema: whole(0, 86_400_000),
    otherwise: 60_000,
    expected: 'a whole number of milliseconds from 0 to 86400000',
    example: '60000',
    help: 'how long after its end a closed bar can still be corrected by a late tick',
  } as Setting<number>,
  FEED_MUTE_TIMEOUT_MS: absent<number>({
    schema: whole(100, 86_400_000),
    expected: 'a whole number of milliseconds from 100 to 86400000',
    example: '30000',
    help: 'a feed without prices for this long is left for a new connection; exact when set, else 15 s to 5 min, as its open markets usually are',
  }),
  MARKET_HOURS: {
    schema: z.enum(['regular', 'extended']),
    otherwise: 'regular',
    expected: 'regular or extended',
    example: 'extended',
    help: 'when stock exchanges count as open: regular trading, or pre- and post-market too, where theirs are known',
  } as Setting<'regular' | 'extended'>,
  FEED_CLOCK: {
    schema: z.enum(['wall', 'feed']),
    otherwise: 'wall',
    expected: 'wall or feed',
    example: 'feed',
    help: 'feed (tests only): the simulator says the time',
  } as Setting<'wall' | 'feed'>,
  FEED_RECORDING_FILE: absent<string>({
    ...path,
    example: 'day.jsonl',
    help: 'write all that the socket of the feed twelve-data receives to this file, as a recording',
  }),
} as const;
