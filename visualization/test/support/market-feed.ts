/** A feed for tests: sessions, ticks and heartbeats appended to a real log as an ingester would. */

import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord, GapRecord, Heartbeat, HistoryRecord, InstrumentRecord, SessionRecord, Tick } from '@tapeline/core/records';
import { recordKey } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { Append, MarketLog } from '@tapeline/log/market-log';

export const feed = 'twelve-data/0';
const dayMs = 86_400_000;

/** Builds records of one feed with rising sequence numbers and appends them where they belong. */
export class MarketFeed {
  readonly #log: MarketLog;
  readonly #partitions: number;
  #sequence = 0;
  #session = 0;

  constructor(log: MarketLog, partitions: number) {
    this.#log = log;
    this.#partitions = partitions;
  }

  tick(fields: Partial<Tick> & Pick<Tick, 'symbol' | 'price' | 'timeMs'>): Tick {
    this.#sequence += 1;
    const dayStartMs = fields.timeMs - (fields.timeMs % dayMs);
    return {
      v: 1,
      kind: 'tick',
      feed,
      session: this.#session,
      sequence: this.#sequence,
      sourceTimeMs: Math.floor(fields.timeMs / 1_000) * 1_000,
      receivedTimeMs: fields.timeMs,
      tradingDay: new Date(dayStartMs).toISOString().slice(0, 10),
      tradingDayEndMs: dayStartMs + dayMs,
      ...fields,
    };
  }

  session(fields: Partial<SessionRecord> & Pick<SessionRecord, 'timeMs' | 'symbols'>): SessionRecord {
    this.#session += 1;
    this.#sequence = 0;
    return { v: 1, kind: 'session', feed, session: this.#session, refused: [], ...fields };
  }

  heartbeat(timeMs: number, fields: Partial<Heartbeat> = {}): Heartbeat {
    return { v: 1, kind: 'heartbeat', feed, session: this.#session, connected: true, timeMs, ...fields };
  }

  gap(fields: Pick<GapRecord, 'symbols' | 'fromMs' | 'toMs' | 'reason'>): GapRecord {
    return { v: 1, kind: 'gap', feed, session: this.#session, lost: 1, receivedTimeMs: fields.toMs, ...fields };
  }

  instrument(fields: Partial<InstrumentRecord> & Pick<InstrumentRecord, 'symbol' | 'receivedTimeMs'>): InstrumentRecord {
    return { v: 1, kind: 'instrument', ...fields };
  }

  /** A bar of a vendor's history that takes an empty minute, flat at `price`. */
  minute(startMs: number, fields: Partial<HistoryRecord> & Pick<HistoryRecord, 'symbol' | 'open'>): HistoryRecord {
    const { open: price } = fields;
    return {
      ...{ v: 1, kind: 'history', source: 'twelve-data/rest', action: 'fill', interval: '1m', startMs, endMs: startMs + 60_000 },
      ...{ high: price, low: price, close: price, tickCount: 1, flags: ['filled'], revision: 0, receivedTimeMs: startMs },
      ...fields,
    };
  }

  async append(...records: readonly FeedRecord[]): Promise<void> {
    await this.#log.append(records.flatMap(record => this.#entries(record)));
  }

  /** Appends bytes as they are to a partition. */
  async appendRaw(partition: number, value: Uint8Array): Promise<void> {
    await this.#log.append([{ topic: feedTopic.name, partition, value }]);
  }

  #entries(record: FeedRecord): readonly Append[] {
    const value = encodeRecord(record);
    const key = recordKey(record);
    if (key !== undefined) return [{ topic: feedTopic.name, partition: partitionOf(key, this.#partitions), key, value }];
    return Array.from({ length: this.#partitions }, (_, partition) => ({ topic: feedTopic.name, partition, value }));
  }
}
