/** A log that reads from another one and only counts what is appended: results are made into bytes, and go nowhere. */
import type { MarketLog } from '@tapeline/log/market-log';

export interface AppendCounts {
  records: number;
  bytes: number;
}

export interface CountingLog {
  readonly log: MarketLog;
  readonly counts: AppendCounts;
}

export function countingLog(log: MarketLog): CountingLog {
  const counts: AppendCounts = { records: 0, bytes: 0 };
  const counting: MarketLog = {
    ensureTopics: wanted => log.ensureTopics(wanted),
    partitionCount: topic => log.partitionCount(topic),
    offsets: topic => log.offsets(topic),
    append: async entries => {
      counts.records += entries.length;
      for (const { value } of entries) counts.bytes += value.length;
    },
    appendBlocks: async blocks => {
      for (const block of blocks) {
        counts.records += block.count;
        counts.bytes += block.byteLength;
      }
    },
    read: request => log.read(request),
    join: request => log.join(request),
    close: () => log.close(),
  };
  return { log: counting, counts };
}
