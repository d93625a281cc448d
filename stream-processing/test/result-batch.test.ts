import { expect, it } from '@jest/globals';
import { BarPartitions } from '../src/bar-partitions.ts';
import { HotFold } from '../src/hot/hot-fold.ts';
import { ResultBatch } from '../src/result-batch.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';

it('gives many bars as records in parts, each in order, in blocks that are filled again', () => {
  const fold = new HotFold(foldOptions);
  const barPartitions = new BarPartitions(3);
  const batch = new ResultBatch(fold, { storeTicks: false, barPartitions });
  fold.apply(aSession({ timeMs: at(-600) }), batch.results);
  for (let second = 0; second < 5_000; second += 1) {
    fold.apply(aTick({ timeMs: at(second), sequence: second + 1, symbol: ['BTC/USD', 'ETH/USD'][second % 2] as string }), batch.results);
    fold.apply(aHeartbeat({ timeMs: at(second) }), batch.results);
  }
  batch.refuse({ reason: 'malformed', detail: 'x', origin: 'market-data.feed/0@1', timeMs: at(1), value: '' });
  const expected = [...batch.results.bars];
  expect(expected.length).toBeGreaterThan(5_000);
  const parts: number[] = [];
  const topics: string[] = [];
  const given = new Map<number, unknown[]>();
  const sets = new Set<unknown>();
  for (const blocks of batch.parts()) {
    let bars = 0;
    for (const block of blocks) {
      topics.push(block.topic);
      if (block.topic !== 'market-data.bars') continue;
      sets.add(block);
      bars += block.count;
      const rows = given.get(block.partition) ?? [];
      given.set(block.partition, rows);
      for (const cursor = block.cursor(); cursor.next(); )
        rows.push(JSON.parse(Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString()));
    }
    parts.push(bars);
  }
  expect(Math.max(...parts)).toBeLessThan(expected.length / 2);
  expect(topics.filter(topic => topic === 'market-data.dead-letter')).toHaveLength(1);
  // As many blocks as partitions that have a symbol, however many parts.
  expect(sets.size).toBe(given.size);
  const ofPartition = (partition: number) =>
    expected.filter(({ symbol }) => barPartitions.remember(0, symbol) === partition).map(bar => ({ v: 1, ...bar }));
  for (const [partition, rows] of given) expect(rows).toEqual(JSON.parse(JSON.stringify(ofPartition(partition))));
  batch.clear();
  expect([...batch.parts()]).toEqual([]);
});
