/** The instruments of the simulated market, with what makes each of them move like the real one. */
import { usageError } from '@tapeline/core/errors';
import { findInstrument, type Instrument } from './instruments.ts';

type Numbers = Pick<Instrument, 'decimals' | 'basePrice' | 'annualVolatility' | 'spreadBasisPoints' | 'liveliness'> & Partial<Instrument>;

function usStock(symbol: string, name: string, numbers: Numbers): Instrument {
  return {
    symbol,
    name,
    assetClass: 'stock',
    exchange: 'NASDAQ',
    micCode: 'XNAS',
    country: 'United States',
    currency: 'USD',
    timeZone: 'America/New_York',
    quotesBidAsk: false,
    stampMs: 1_000,
    ...numbers,
  };
}

function crypto(symbol: string, names: readonly [string, string], numbers: Numbers): Instrument {
  const [currencyBase, currencyQuote] = names;
  return {
    symbol,
    name: `${currencyBase} / ${currencyQuote}`,
    assetClass: 'crypto',
    exchange: 'Huobi',
    currencyBase,
    currencyQuote,
    timeZone: 'UTC',
    quotesBidAsk: true,
    stampMs: 1_000,
    ...numbers,
  };
}

function currencies(symbol: string, names: readonly [string, string], numbers: Numbers): Instrument {
  const [currencyBase, currencyQuote] = names;
  return {
    symbol,
    name: `${currencyBase} / ${currencyQuote}`,
    assetClass: 'forex',
    currencyBase,
    currencyQuote,
    timeZone: 'America/New_York',
    quotesBidAsk: true,
    stampMs: 1_000,
    ...numbers,
  };
}

const dollar = 'US Dollar';

/**
 * Well-known instruments. BTC/USD is as in the real feed: whole minutes, no day volume, no bid and ask. RY stands twice, so that
 * `RY:TSX` means something.
 */
export const wellKnownInstruments: readonly Instrument[] = [
  crypto('BTC/USD', ['Bitcoin', dollar], {
    exchange: 'Coinbase Pro',
    stampMs: 60_000,
    quotesBidAsk: false,
    decimals: 2,
    basePrice: 92_400,
    annualVolatility: 0.52,
    spreadBasisPoints: 0.5,
    liveliness: 30,
  }),
  crypto('ETH/USD', ['Ethereum', dollar], {
    exchange: 'Coinbase Pro',
    decimals: 2,
    basePrice: 3_180,
    annualVolatility: 0.68,
    spreadBasisPoints: 0.8,
    liveliness: 18,
    dailyVolume: 240_000,
  }),
  crypto('ETH/BTC', ['Ethereum', 'Bitcoin'], {
    decimals: 6,
    basePrice: 0.034416,
    annualVolatility: 0.42,
    spreadBasisPoints: 3,
    liveliness: 6,
    dailyVolume: 5_200,
  }),
  crypto('SOL/USD', ['Solana', dollar], {
    decimals: 2,
    basePrice: 141.6,
    annualVolatility: 0.82,
    spreadBasisPoints: 1.5,
    liveliness: 12,
    dailyVolume: 3_100_000,
  }),
  crypto('XRP/USD', ['XRP', dollar], {
    decimals: 4,
    basePrice: 2.1874,
    annualVolatility: 0.85,
    spreadBasisPoints: 2,
    liveliness: 6,
    dailyVolume: 88_000_000,
  }),
  crypto('DOGE/USD', ['Dogecoin', dollar], {
    decimals: 5,
    basePrice: 0.15942,
    annualVolatility: 0.9,
    spreadBasisPoints: 3,
    liveliness: 4,
    dailyVolume: 510_000_000,
  }),
  usStock('AAPL', 'Apple Inc', {
    decimals: 2,
    basePrice: 268.5,
    annualVolatility: 0.27,
    spreadBasisPoints: 0.6,
    liveliness: 16,
    dailyVolume: 46_000_000,
  }),
  usStock('MSFT', 'Microsoft Corp', {
    decimals: 2,
    basePrice: 487.1,
    annualVolatility: 0.25,
    spreadBasisPoints: 0.6,
    liveliness: 12,
    dailyVolume: 23_000_000,
  }),
  usStock('NVDA', 'NVIDIA Corp', {
    decimals: 2,
    basePrice: 183.4,
    annualVolatility: 0.48,
    spreadBasisPoints: 0.8,
    liveliness: 26,
    dailyVolume: 190_000_000,
  }),
  usStock('TSLA', 'Tesla Inc', {
    decimals: 2,
    basePrice: 405.3,
    annualVolatility: 0.58,
    spreadBasisPoints: 0.9,
    liveliness: 22,
    dailyVolume: 88_000_000,
  }),
  usStock('AMZN', 'Amazon.com Inc', {
    decimals: 2,
    basePrice: 224.8,
    annualVolatility: 0.31,
    spreadBasisPoints: 0.7,
    liveliness: 12,
    dailyVolume: 43_000_000,
  }),
  usStock('GOOGL', 'Alphabet Inc', {
    decimals: 2,
    basePrice: 291.7,
    annualVolatility: 0.3,
    spreadBasisPoints: 0.7,
    liveliness: 11,
    dailyVolume: 34_000_000,
  }),
  usStock('META', 'Meta Platforms Inc', {
    decimals: 2,
    basePrice: 604.2,
    annualVolatility: 0.36,
    spreadBasisPoints: 0.9,
    liveliness: 9,
    dailyVolume: 16_000_000,
  }),
  usStock('AMD', 'Advanced Micro Devices Inc', {
    decimals: 2,
    basePrice: 226.9,
    annualVolatility: 0.52,
    spreadBasisPoints: 1,
    liveliness: 10,
    dailyVolume: 52_000_000,
  }),
  usStock('JPM', 'JPMorgan Chase & Co', {
    exchange: 'NYSE',
    micCode: 'XNYS',
    decimals: 2,
    basePrice: 303.6,
    annualVolatility: 0.24,
    spreadBasisPoints: 0.9,
    liveliness: 5,
    dailyVolume: 9_000_000,
  }),
  usStock('RY', 'Royal Bank of Canada', {
    exchange: 'NYSE',
    micCode: 'XNYS',
    decimals: 2,
    basePrice: 147.9,
    annualVolatility: 0.18,
    spreadBasisPoints: 1.5,
    liveliness: 2,
    dailyVolume: 1_100_000,
  }),
  usStock('RY', 'Royal Bank of Canada', {
    exchange: 'TSX',
    micCode: 'XTSE',
    country: 'Canada',
    currency: 'CAD',
    timeZone: 'America/Toronto',
    decimals: 2,
    basePrice: 207.4,
    annualVolatility: 0.18,
    spreadBasisPoints: 1.5,
    liveliness: 2,
    dailyVolume: 4_000_000,
  }),
  currencies('EUR/USD', ['Euro', dollar], {
    decimals: 5,
    basePrice: 1.15837,
    annualVolatility: 0.075,
    spreadBasisPoints: 0.6,
    liveliness: 14,
  }),
  currencies('GBP/USD', ['British Pound', dollar], {
    decimals: 5,
    basePrice: 1.31542,
    annualVolatility: 0.085,
    spreadBasisPoints: 0.8,
    liveliness: 9,
  }),
  currencies('USD/JPY', [dollar, 'Japanese Yen'], {
    decimals: 3,
    basePrice: 155.482,
    annualVolatility: 0.1,
    spreadBasisPoints: 0.7,
    liveliness: 11,
  }),
  currencies('XAU/USD', ['Gold Spot', dollar], {
    assetClass: 'metal',
    currency: 'USD',
    decimals: 2,
    basePrice: 4_078.4,
    annualVolatility: 0.19,
    spreadBasisPoints: 0.9,
    liveliness: 8,
  }),
  currencies('XAG/USD', ['Silver Spot', dollar], {
    assetClass: 'metal',
    currency: 'USD',
    decimals: 3,
    basePrice: 50.124,
    annualVolatility: 0.32,
    spreadBasisPoints: 4,
    liveliness: 3,
  }),
];

/** Their names, each of which finds its own instrument. */
export const wellKnownSymbols: readonly string[] = wellKnownInstruments.map(({ symbol, exchange }, index) => {
  const first = wellKnownInstruments.findIndex(other => other.symbol === symbol);
  return first === index ? symbol : `${symbol}:${exchange ?? ''}`;
});

/**
 * The well-known instruments of these symbols; `RY:TSX` names an exchange.
 * @throws PipelineError `usage` with every symbol that is not there.
 */
export function instrumentsNamed(symbols: readonly string[]): readonly Instrument[] {
  const found = symbols.map(symbol => findInstrument(wellKnownInstruments, { symbol }));
  const unknown = symbols.filter((_, index) => found[index] === undefined);
  if (unknown.length === 0) return found.filter(instrument => instrument !== undefined);
  const known = wellKnownSymbols.join(', ');
  throw usageError(`symbols ${unknown.join(', ')} are not in the simulated market, expected some of ${known}`);
}
