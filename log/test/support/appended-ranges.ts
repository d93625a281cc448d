/** What a log tells of appends, held against what its readers get. */
import { expect } from '@jest/globals';
import type { AppendedRange, MarketLog } from '../../src/market-log.ts';
import { RecordBlock } from '../../src/record-block.ts';
import { aTopic, someEntries, texts } from './log-reading.ts';

/** Opens a log that tells `appended`, appends to it in both ways at once, and compares. */
export async function expectToldAppends(open: (appended: (range: AppendedRange) => void) => Promise<MarketLog>): Promise<void> {
  const told: { readonly place: string; readonly offset: number; readonly value: string }[] = [];
  const log = await open(({ topic, partition, fromOffset, lastOffset, cursor }) => {
    const walk = cursor();
    for (let offset = fromOffset; offset <= lastOffset; offset += 1) {
      expect(walk.next()).toBe(true);
      expect(walk.offset).toBe(offset);
      const value = Buffer.from(walk.bytes.subarray(walk.valueStart, walk.valueEnd)).toString();
      told.push({ place: `${topic}/${partition}`, offset, value });
    }
    expect(walk.next()).toBe(false);
  });
  try {
    const topic = await aTopic(log, 2);
    const block = new RecordBlock({ topic, partition: 1 });
    for (const text of ['a', 'b', 'c']) block.add(undefined, Buffer.from(text), 0, 1);
    await Promise.all([log.append(someEntries(topic, 0, 0, 20)), log.appendBlocks([block]), log.append(someEntries(topic, 1, 20, 5))]);
    await log.append(someEntries(topic, 0, 20, 5));
    for (const [partition, toOffset] of [
      [0, 25],
      [1, 8],
    ] as const) {
      const read = await texts(log.read({ topic, partition, fromOffset: 0, toOffset }));
      const ofPartition = told.filter(({ place }) => place === `${topic}/${partition}`);
      expect(ofPartition.map(({ offset }) => offset)).toEqual(read.map((_, offset) => offset));
      expect(ofPartition.map(({ value }) => value)).toEqual(read);
    }
  } finally {
    await log.close();
  }
}
