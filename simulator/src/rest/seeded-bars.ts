/** The vendor's bars of the simulated market: a pure function of seed, instrument and window. */
import type { Instrument } from '../market/instruments.ts';
import { marketHours } from '../market/market-hours.ts';
import { pricePath } from '../market/price-path.ts';
import { mixed, textNumber } from '../market/random.ts';

/** The lengths of the vendor's intervals that the double knows, in milliseconds. */
export const restIntervals: Readonly<Record<string, number>> = {
  '1min': 60_000,
  '5min': 300_000,
  '15min': 900_000,
  '30min': 1_800_000,
  '1h': 3_600_000,
  '1day': 86_400_000,
};

export interface RestBar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume?: number;
}

/** The bar of a window, or `undefined` when nothing was traded in it. */
export type BarSource = (instrument: Instrument, startMs: number, lengthMs: number) => RestBar | undefined | Promise<RestBar | undefined>;

const samples = 5;
const hourMs = 3_600_000;

/** Bars along the walk of `price-path.ts`, none while a market is closed. */
export function seededBars(
  seed: number,
  alwaysOpen: boolean,
): (instrument: Instrument, startMs: number, lengthMs: number) => RestBar | undefined {
  const tools = new Map<string, { readonly path: (timeMs: number) => number; readonly isOpen: (timeMs: number) => boolean }>();
  const toolsOf = (instrument: Instrument) => {
    const name = `${instrument.symbol}:${instrument.exchange ?? ''}`;
    const known = tools.get(name);
    if (known !== undefined) return known;
    const hours = marketHours(instrument, alwaysOpen);
    const made = { path: pricePath(seed, name, instrument.annualVolatility), isOpen: (timeMs: number) => hours(timeMs).open };
    tools.set(name, made);
    return made;
  };
  return (instrument, startMs, lengthMs) => {
    const { path, isOpen } = toolsOf(instrument);
    const stepMs = Math.min(lengthMs, hourMs);
    const wasOpen = Array.from({ length: lengthMs / stepMs }, (_, index) => startMs + index * stepMs).some(isOpen);
    if (!wasOpen) return undefined;
    const prices = Array.from({ length: samples }, (_, index) =>
      priceAt(instrument, path(startMs + ((lengthMs - 1) * index) / (samples - 1))),
    );
    const volume = instrument.dailyVolume && mixed(seed, textNumber(instrument.symbol), startMs) % 1_000;
    return { open: prices[0] ?? 0, high: Math.max(...prices), low: Math.min(...prices), close: prices.at(-1) ?? 0, volume };
  };
}

function priceAt(instrument: Instrument, logarithm: number): number {
  return Number((instrument.basePrice * Math.exp(logarithm)).toFixed(instrument.decimals));
}
