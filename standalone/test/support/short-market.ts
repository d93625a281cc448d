/** Some seconds of a small market, written to the feed and read back as bars. */
import type { Bar } from '@tapeline/core/bars';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { storedBars } from '../../../bench/src/stored-bars.ts';

/** 2024-11-04, 10:00 UTC. */
export const beginMs = Date.UTC(2024, 10, 4, 10);
export const feed = 'twelve-data/0';
export const allTime = { fromMs: beginMs - 86_400_000, toMs: beginMs + 86_400_000 };

export interface ShortMarket {
  readonly symbols: readonly string[];
  /** Of each symbol. */
  readonly ticksPerSecond: number;
}

/** The ticks of the market's seconds from `from` up to `to`, and a heartbeat at the end of each. */
export function secondsOf({ symbols, ticksPerSecond }: ShortMarket, from: number, to: number): FeedRecord[] {
  const records: FeedRecord[] = [];
  for (let step = from * ticksPerSecond; step < to * ticksPerSecond; step += 1) {
    const timeMs = beginMs + (step * 1_000) / ticksPerSecond;
    const day = { tradingDay: '2024-11-04', tradingDayEndMs: Date.UTC(2024, 10, 5) };
    const times = { timeMs, sourceTimeMs: Math.floor(timeMs / 1_000) * 1_000, receivedTimeMs: timeMs };
    for (const [at, symbol] of symbols.entries()) {
      const [sequence, price] = [step * symbols.length + at + 1, 100 + ((step * 7 + at) % 13)];
      records.push({ v: 1, kind: 'tick', feed, session: 1, sequence, symbol, price, ...times, ...day });
    }
    if (step % ticksPerSecond === ticksPerSecond - 1) records.push({ v: 1, kind: 'heartbeat', feed, session: 1, connected: true, timeMs });
  }
  return records;
}

/** Appends as an ingester does; `everywhere` is where records without a key get to: all partitions unless told otherwise. */
export async function appendToFeed(log: MarketLog, records: readonly FeedRecord[], everywhere?: readonly number[]): Promise<void> {
  const count = await log.partitionCount(feedTopic.name);
  const all = everywhere ?? Array.from({ length: count }, (_, partition) => partition);
  const entries = records.flatMap(record => {
    const key = recordKey(record);
    const partitions = key === undefined ? all : [partitionOf(key, count)];
    return partitions.map(partition => ({ topic: feedTopic.name, partition, key, value: encodeRecord(record) }));
  });
  await log.append(entries);
}

/** Every bar of these symbols, by symbol, interval and start. */
export async function barsOf(store: MarketStore, symbols: readonly string[]): Promise<Readonly<Record<string, Bar>>> {
  return Object.fromEntries(await storedBars(store, symbols, () => allTime, 8));
}
