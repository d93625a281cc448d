/** Appends history records to `market-data.feed`, through the log's one door, in order; counts them. */
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { type Patience, patiently } from '@tapeline/core/patience';
import type { HistoryRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Registry } from 'prom-client';
import { logEntries } from '../log-entries.ts';
import type { QueueOwner } from './backfill-metrics.ts';

const recordsOfAppend = 500;

export class HistoryWriter {
  readonly #log: MarketLog;
  readonly #records;

  constructor(log: MarketLog, registry: Registry, owner: QueueOwner) {
    this.#log = log;
    this.#records = metricOf(registry, `tapeline_${owner}_records_total`);
  }

  /** Resolves when all are durable; waits for a log that is away. @throws what no waiting helps against. */
  async write(records: readonly HistoryRecord[], patience: Patience): Promise<void> {
    const partitions = await patiently('asking the log for its partitions', () => this.#log.partitionCount(feedTopic.name), patience);
    for (let at = 0; at < records.length; at += recordsOfAppend) {
      const some = records.slice(at, at + recordsOfAppend);
      const entries = some.flatMap(record => logEntries(record, partitions));
      await patiently('writing history records', () => this.#log.append(entries), patience);
      for (const { action } of some) this.#records.inc({ action });
    }
  }
}
