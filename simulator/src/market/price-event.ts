/** Price events as the vendor spells them: fields and their order by kind of instrument. */
import type { Instrument } from './instruments.ts';

/** What changes from price to price. */
export interface Quote {
  readonly timeMs: number;
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
  readonly dayVolume?: number;
}

const priceTypes = { stock: 'Common Stock', crypto: 'Digital Currency', forex: 'Physical Currency', metal: 'Physical Currency' } as const;
const statusTypes = { stock: 'COMMON_STOCK', crypto: 'DIGITAL_CURRENCY', forex: 'PHYSICAL_CURRENCY', metal: 'PHYSICAL_CURRENCY' } as const;

/** A price event: stamped in whole seconds, of some instruments in whole minutes. */
export function priceEvent(instrument: Instrument, quote: Quote): Readonly<Record<string, unknown>> {
  const stampMs = quote.timeMs - (quote.timeMs % instrument.stampMs);
  return {
    event: 'price',
    symbol: instrument.symbol,
    currency: instrument.currency,
    currency_base: instrument.currencyBase,
    currency_quote: instrument.currencyQuote,
    exchange: instrument.exchange,
    type: priceTypes[instrument.assetClass],
    timestamp: stampMs / 1_000,
    price: quote.price,
    bid: instrument.quotesBidAsk ? quote.bid : undefined,
    ask: instrument.quotesBidAsk ? quote.ask : undefined,
    day_volume: quote.dayVolume,
  };
}

/** How an instrument stands in a `subscribe-status`: its type is spelt differently there. */
export function statusEntry(instrument: Instrument): Readonly<Record<string, unknown>> {
  return {
    symbol: instrument.symbol,
    exchange: instrument.exchange,
    country: instrument.country,
    type: statusTypes[instrument.assetClass],
  };
}
