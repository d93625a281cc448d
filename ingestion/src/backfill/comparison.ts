/** Our bar against the vendor's: equal within the tolerance, apart by a split of the stock, or a mismatch. Pure. */
import type { Bar } from '@tapeline/core/bars';
import type { VendorWindow } from './vendor-windows.ts';

export interface Tolerance {
  /** Of each of open, high, low and close, relative to the vendor's. */
  readonly price: number;
  /** Relative to the greater volume. */
  readonly volume: number;
}

export interface Comparison {
  readonly verdict: 'equal' | 'split' | 'mismatch';
  /** The greatest of the four prices' deviations, relative to the vendor's. */
  readonly price: number;
  /** Absent where one of the two tells no volume. */
  readonly volume?: number;
  /** New shares for old ones, as in "2:1". */
  readonly split?: string;
}

/** Splits that companies make, new shares for old ones; each is looked for in both directions. */
const splits: readonly (readonly [number, number])[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100].map(shares => [shares, 1] as const),
  ...([
    [3, 2],
    [4, 3],
    [5, 2],
    [5, 3],
    [5, 4],
  ] as const),
];
const bothWays = splits.flatMap(([shares, old]) => [[shares, old] as const, [old, shares] as const]);

/**
 * Compares them. After a split the vendor restates its history, so its older bars are all ours divided by one ratio: that is no fault of
 * ours, and no mismatch. A volume of 0 with a price is how the vendor says that it knows none.
 */
export function compared(ours: Bar, vendors: VendorWindow, tolerance: Tolerance): Comparison {
  const price = priceDeviation(ours, vendors, 1);
  const volume = volumeDeviation(ours.volume, vendors.volume);
  const told = { price, ...(volume === undefined ? {} : { volume }) };
  if (price <= tolerance.price) return { verdict: (volume ?? 0) <= tolerance.volume ? 'equal' : 'mismatch', ...told };
  const split = bothWays.find(([shares, old]) => priceDeviation(ours, vendors, old / shares) <= tolerance.price);
  return split === undefined ? { verdict: 'mismatch', ...told } : { verdict: 'split', ...told, split: split.join(':') };
}

function priceDeviation(ours: Bar, vendors: VendorWindow, factor: number): number {
  const fields = ['open', 'high', 'low', 'close'] as const;
  return Math.max(...fields.map(field => Math.abs(ours[field] * factor - vendors[field]) / vendors[field]));
}

function volumeDeviation(ours: number | undefined, vendors: number | undefined): number | undefined {
  if (ours === undefined || vendors === undefined || vendors === 0) return undefined;
  return Math.abs(ours - vendors) / Math.max(ours, vendors);
}

/** A deviation for people: `0.120%`. */
export function percentText(share: number): string {
  return `${(share * 100).toPrecision(3)}%`;
}
