/** What an instrument of the simulated market is, and how clients name one. */

export interface Instrument {
  /** As the vendor spells it. */
  readonly symbol: string;
  readonly name: string;
  readonly assetClass: 'stock' | 'crypto' | 'forex' | 'metal';
  readonly exchange?: string;
  readonly micCode?: string;
  readonly country?: string;
  readonly currency?: string;
  readonly currencyBase?: string;
  readonly currencyQuote?: string;
  /** Whose midnight begins a day, and whose clock opens the market. */
  readonly timeZone: string;
  /** Digits after the point: the tick size is 10 to the power of minus this. */
  readonly decimals: number;
  /** What the price wanders around. */
  readonly basePrice: number;
  /** Standard deviation of the logarithm of a year's change. */
  readonly annualVolatility: number;
  /** Of ask − bid, in hundredths of a per cent of the price. */
  readonly spreadBasisPoints: number;
  readonly quotesBidAsk: boolean;
  /** What is traded in a day; absent where the feed carries no `day_volume`. */
  readonly dailyVolume?: number;
  /** Of the vendor's stamp. */
  readonly stampMs: 1_000 | 60_000;
  /** Share of the ticks, beside the others' shares. */
  readonly liveliness: number;
}

/** How a client may name an instrument; `symbol` may itself name an exchange after a colon. */
export interface InstrumentName {
  readonly symbol: string;
  readonly exchange?: string;
  readonly micCode?: string;
}

/** The first instrument of that name, or `undefined`. */
export function findInstrument(instruments: readonly Instrument[], name: InstrumentName): Instrument | undefined {
  const [symbol, suffix] = name.symbol.split(':');
  return instruments.find(
    instrument =>
      instrument.symbol === symbol &&
      (suffix === undefined || suffix === instrument.exchange || suffix === instrument.micCode) &&
      (name.exchange === undefined || name.exchange === instrument.exchange) &&
      (name.micCode === undefined || name.micCode === instrument.micCode),
  );
}
