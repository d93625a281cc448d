/** Events in the bytes of the log: runs as they are, and what stands between them added where it belongs. */
import type { Append } from '@tapeline/log/market-log';
import { RecordBlock } from '@tapeline/log/record-block';
import type { FeedEvent, PlainEvent } from './feed.ts';

/** Blocks that give the records of `events` in their order; those of runs are the runs' own. */
export function packedBlocks(events: readonly FeedEvent[], entriesOf: (event: PlainEvent) => readonly Append[]): readonly RecordBlock[] {
  const blocks: RecordBlock[] = [];
  /** The newest of each partition. */
  const newest = new Map<string, RecordBlock>();
  const add = (block: RecordBlock) => {
    blocks.push(block);
    newest.set(`${block.topic}/${block.partition}`, block);
    return block;
  };
  for (const event of events) {
    if (event.kind === 'ticks') {
      for (const block of event.blocks) if (block.count > 0) add(block);
      continue;
    }
    for (const { topic, partition, key, value } of entriesOf(event)) {
      const block = newest.get(`${topic}/${partition}`) ?? add(new RecordBlock({ topic, partition }));
      block.add(key === undefined ? undefined : Buffer.from(key), value, 0, value.length);
    }
  }
  return blocks;
}
