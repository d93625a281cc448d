/** A log whose topics all carry a prefix, so that several pipelines share a cluster; nobody outside sees it. */
import type { Append, JoinRequest, LogBatch, MarketLog, PartitionClaim, PartitionOffsets, ReadRequest } from './market-log.ts';
import { renamedBatch } from './plain-batch.ts';

/** Puts `prefix` before the name of each topic on the way in and takes it off on the way out. */
export function prefixedLog(log: MarketLog, prefix: string): MarketLog {
  return {
    ensureTopics: topics => log.ensureTopics(topics.map(topic => ({ ...topic, name: prefix + topic.name }))),
    partitionCount: topic => log.partitionCount(prefix + topic),
    offsets: (topic): Promise<readonly PartitionOffsets[]> => log.offsets(prefix + topic),
    append: (entries: readonly Append[]) => log.append(entries.map(entry => ({ ...entry, topic: prefix + entry.topic }))),
    appendBlocks: blocks => log.appendBlocks(blocks.map(block => block.in(prefix + block.topic))),
    read: (request: ReadRequest) => named(log.read({ ...request, topic: prefix + request.topic }), request.topic),
    join: (request: JoinRequest) => claimsOf(log.join({ ...request, topic: prefix + request.topic }), request.topic),
    close: () => log.close(),
  };
}

async function* named(batches: AsyncIterable<LogBatch>, topic: string): AsyncGenerator<LogBatch, void, undefined> {
  for await (const batch of batches) yield renamedBatch(batch, topic);
}

async function* claimsOf(claims: AsyncIterable<PartitionClaim>, topic: string): AsyncGenerator<PartitionClaim, void, undefined> {
  for await (const claim of claims) {
    yield {
      topic,
      partition: claim.partition,
      lost: claim.lost,
      committedOffset: claim.committedOffset,
      read: fromOffset => named(claim.read(fromOffset), topic),
      commit: nextOffset => claim.commit(nextOffset),
      release: () => claim.release(),
    };
  }
}
