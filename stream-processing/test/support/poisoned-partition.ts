/** A stream processor on a log that somebody else writes into, too: what it refuses, what it makes, and when it is done. */
import type { DeadLetter } from '@tapeline/core/dead-letters';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';
import { topics } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { eventually } from '../../../test/support/eventually.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runStreamProcessor } from '../../src/stream-processor.ts';
import { at } from './builders.ts';

export const partitions = 2;
const logger = pino({ level: 'silent' });

export interface PoisonedLog {
  readonly log: MarketLog;
  readonly store: MarketStore;
  /** Appends records of ours. */
  append(...records: readonly FeedRecord[]): Promise<void>;
  /** Appends what is none, to the partition of `symbol`. */
  poison(symbol: string, ...values: readonly (string | Uint8Array)[]): Promise<void>;
  /** Runs a processor until `isDone`, stops it cleanly, and gives its metrics. */
  process(isDone: (metrics: Registry) => Promise<boolean>, deadlineMs?: number): Promise<string>;
  /** All dead letters there are, in their order. */
  deadLetters(): Promise<readonly DeadLetter[]>;
  /** Minute bars of a symbol, `[first tick's minute, count of ticks]`. */
  minutes(symbol: string): Promise<readonly (readonly [number, number])[]>;
  close(): Promise<void>;
}

/** Takes the log over: it is closed with the rest. */
export async function poisonedLog(log: MarketLog): Promise<PoisonedLog> {
  const dataDir = temporaryFolder('poison');
  await log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? partitions })));
  const store = openSqliteStore({ dataDir, logger, registry: new Registry() });
  await store.migrate();
  const feedTopic = 'market-data.feed';
  return {
    log,
    store,
    append: async (...records) => {
      const entries = records.flatMap(record => {
        const key = recordKey(record);
        const targets = key === undefined ? [0, 1] : [partitionOf(key, partitions)];
        const value = encodeRecord(record);
        return targets.map(partition => ({ topic: feedTopic, partition, ...(key === undefined ? {} : { key }), value }));
      });
      await log.append(entries);
    },
    poison: async (symbol, ...values) => {
      const partition = partitionOf(symbol, partitions);
      for (let from = 0; from < values.length; from += 5_000) {
        await log.append(values.slice(from, from + 5_000).map(value => ({ topic: feedTopic, partition, value: Buffer.from(value) })));
      }
    },
    process: async (isDone, deadlineMs = 60_000) => {
      const stop = new AbortController();
      const registry = new Registry();
      const running = runStreamProcessor({
        ...{ log, store, group: 'stream-processor', intervals: ['1s', '1m'], allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 },
        ...{ snapshotIntervalMs: 60_000, signal: stop.signal, registry, logger },
      });
      const failed = running.then(() => false);
      await eventually('the processor gets there', () => Promise.race([failed, isDone(registry)]), deadlineMs);
      stop.abort();
      await running;
      return registry.metrics();
    },
    deadLetters: () => deadLettersOf(log),
    minutes: async symbol => {
      const bars = await store.bars({ symbol, interval: '1m', fromMs: at(-86_400), toMs: at(86_400) });
      return bars.map(bar => [bar.startMs, bar.tickCount] as const);
    },
    close: async () => {
      await log.close();
      await store.close();
    },
  };
}

async function deadLettersOf(log: MarketLog): Promise<readonly DeadLetter[]> {
  const [range] = await log.offsets('market-data.dead-letter');
  const letters: DeadLetter[] = [];
  if (range === undefined || range.highWatermark === 0) return letters;
  const place = { topic: 'market-data.dead-letter', partition: 0, fromOffset: 0, toOffset: range.highWatermark };
  for await (const batch of log.read(place)) {
    for (const record of batch.records) letters.push(JSON.parse(Buffer.from(record.value ?? []).toString()));
  }
  return letters;
}

/** A metric's value in the text that Prometheus scrapes; 0 when it is not there. */
export function metricOf(text: string, name: string): number {
  const line = text.split('\n').find(candidate => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
