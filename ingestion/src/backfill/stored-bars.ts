/** The stored bars of a vendor's windows, by their begin. */
import type { Bar } from '@tapeline/core/bars';
import { intervalMs } from '@tapeline/core/intervals';
import { type Patience, patiently } from '@tapeline/core/patience';
import type { MarketStore } from '@tapeline/database/market-store';
import type { VendorInterval } from '../twelve-data/rest-client.ts';
import type { VendorWindow } from './vendor-windows.ts';

export type StoredBars = Pick<MarketStore, 'bars'>;

export interface BarsOf {
  readonly symbol: string;
  readonly interval: VendorInterval;
}

/** Waits for a store that is away. */
export async function storedBars(
  store: StoredBars,
  { symbol, interval }: BarsOf,
  windows: readonly VendorWindow[],
  patience: Patience,
): Promise<ReadonlyMap<number, Bar>> {
  const [first, last] = [windows[0], windows.at(-1)];
  if (first === undefined || last === undefined) return new Map();
  const limit = (last.startMs - first.startMs) / intervalMs(interval) + 1;
  const query = { symbol, interval, fromMs: first.startMs, toMs: last.startMs + 1, limit };
  const bars = await patiently('reading stored bars', () => store.bars(query), patience);
  return new Map(bars.map(bar => [bar.startMs, bar]));
}
