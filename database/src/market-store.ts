/**
 * The store of results: one contract, two parts behind it (`cassandra/cassandra-store.ts`, `sqlite/sqlite-store.ts`), one
 * contract test (`test/market-store-contract.ts`).
 *
 * Every row is written with its `versionUs` as write time: an older write never beats a newer one, a repeated one changes nothing.
 */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import type { InstrumentRecord, Tick } from '@tapeline/core/records';

export interface TickRow {
  readonly tick: Tick;
  readonly versionUs: number;
}

/** The newest price of a symbol: one row a symbol. */
export interface LatestPrice {
  readonly symbol: string;
  readonly price: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly dayVolume?: number;
  readonly timeMs: number;
  readonly receivedTimeMs: number;
  readonly versionUs: number;
}

/** A span in which a feed was absent or lost something, for one symbol. Known by (symbol, fromMs, reason): a newer version replaces the rest. */
export interface Gap {
  readonly symbol: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly reason: string;
  /** True once history has been filled in. */
  readonly filled: boolean;
  readonly versionUs: number;
}

export interface InstrumentRow {
  readonly instrument: InstrumentRecord;
  readonly versionUs: number;
}

/** What a processor made durable in one go. Rows of one key may repeat; the highest `versionUs` counts. */
export interface StoreBatch {
  readonly ticks: readonly TickRow[];
  /** May be made as they are asked for: once, before `write` resolves. */
  readonly bars: Iterable<Bar> & { readonly length: number };
  readonly latest: readonly LatestPrice[];
  readonly gaps: readonly Gap[];
  readonly instruments: readonly InstrumentRow[];
  readonly alerts: readonly Alert[];
}

export interface SnapshotKey {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly partition: number;
}

export interface Snapshot {
  /** The first offset that `state` has not seen. */
  readonly nextOffset: number;
  readonly versionUs: number;
  readonly formatVersion: number;
  readonly state: Uint8Array;
}

/** Rows that a range query gives at most, unless it says otherwise. */
export const defaultRangeLimit = 10_000;

/** Half-open range of time, newest or oldest first. */
export interface RangeQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** At most so many rows. @default 10,000 */
  readonly limit?: number;
  /** @default 'ascending' */
  readonly order?: 'ascending' | 'descending';
}

/** How many bars there are, and the sum of their revisions: as soon as a bar comes or is given out again, one of the two rises. */
export interface BarTotals {
  readonly bars: number;
  readonly revisions: number;
}

export interface MarketStore {
  /** Creates or upgrades the schema; forward only, each migration once. */
  migrate(): Promise<void>;
  /** @throws PipelineError `store.unavailable` (retriable), `store.schema-missing` with the remedy. */
  ready(): Promise<void>;
  /** Resolves when every row is durable. @throws PipelineError `store.unavailable` (retriable) or `store.full`. */
  write(batch: StoreBatch): Promise<void>;
  /**
   * Chunks first, then the pointer row with `versionUs` as write time: an older owner cannot overwrite its successor's, its snapshot is
   * passed over without an error. Of equal versions the one with the higher `nextOffset` stands. Chunks that nothing points to are removed.
   * Once it has resolved nobody looks at the snapshot's state any more: it may be written over.
   */
  saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void>;
  /** @throws PipelineError `snapshot.invalid` when chunks are missing or the checksum differs. */
  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined>;
  /** Bars whose `startMs` is in the range. */
  bars(query: RangeQuery & { readonly symbol: string; readonly interval: Interval }): Promise<readonly Bar[]>;
  /** Of all bars whose `startMs` is in the range, reckoned by the store. */
  barTotals(query: Omit<RangeQuery, 'limit' | 'order'> & { readonly symbol: string; readonly interval: Interval }): Promise<BarTotals>;
  /** Ticks whose `timeMs` is in the range, in the order of (timeMs, session, sequence). */
  ticks(query: RangeQuery & { readonly symbol: string }): Promise<readonly TickRow[]>;
  /** The newest price of every symbol, by symbol. */
  latest(): Promise<readonly LatestPrice[]>;
  /** Gaps that begin in the range (a day may hold gaps that reach beyond it). */
  gaps(query: RangeQuery): Promise<readonly Gap[]>;
  /** Alerts whose `timeMs` is in the range. */
  alerts(query: RangeQuery): Promise<readonly Alert[]>;
  instruments(): Promise<readonly InstrumentRow[]>;
  close(): Promise<void>;
}
