/**
 * A log as a rebuild sees it: every partition belongs to it, up to an offset of its own and no further, and nothing is published,
 * for everybody has had it. No consumer group is entered, so those that serve are not disturbed.
 */
import { Claim } from '@tapeline/log/claim';
import type { LogBatch, MarketLog, PartitionClaim } from '@tapeline/log/market-log';

export interface BoundedLogOptions {
  readonly log: MarketLog;
  /** Where each partition ends, exclusive. */
  readonly targets: ReadonlyMap<number, number>;
  /** Everything before `nextOffset` was handed on. */
  readonly read: (partition: number, nextOffset: number) => void;
}

/** `log` up to the targets: who joins gets all partitions, and has left when each is released. */
export function boundedLog({ log, targets, read }: BoundedLogOptions): MarketLog {
  return {
    ensureTopics: () => Promise.resolve(),
    partitionCount: topic => log.partitionCount(topic),
    offsets: topic => log.offsets(topic),
    append: () => Promise.resolve(),
    appendBlocks: () => Promise.resolve(),
    read: request => log.read(request),
    join: ({ topic, signal }) => claims(topic, signal),
    close: () => Promise.resolve(),
  };

  async function* claims(topic: string, stop: AbortSignal): AsyncGenerator<PartitionClaim, void, void> {
    const given: Claim[] = [];
    for (const [partition, toOffset] of targets) {
      if (stop.aborted) break;
      const claim = new Claim({
        topic,
        partition,
        committedOffset: undefined,
        read: (fromOffset, signal) => records({ topic, partition, fromOffset, toOffset, signal }),
        commit: () => Promise.resolve(),
        stop,
      });
      given.push(claim);
      yield claim;
    }
    await Promise.all(given.map(claim => claim.released));
  }

  async function* records(request: Required<Parameters<MarketLog['read']>[0]>): AsyncGenerator<LogBatch, void, void> {
    if (request.fromOffset >= request.toOffset) return;
    for await (const batch of log.read(request)) {
      yield batch;
      read(request.partition, batch.lastOffset + 1);
    }
  }
}
