import { describe, expect, it } from '@jest/globals';
import { partitionOf } from '../src/partitioner.ts';

describe('partitioner', () => {
  it('spreads symbols over partitions and always the same way', () => {
    const symbols = Array.from({ length: 1_000 }, (_, index) => `SYM${index}`);
    const counts = new Array<number>(24).fill(0);
    for (const symbol of symbols) {
      const partition = partitionOf(symbol, 24);
      counts[partition] = (counts[partition] ?? 0) + 1;
      expect(partitionOf(symbol, 24)).toBe(partition);
    }
    expect(Math.min(...counts)).toBeGreaterThan(20);
    expect(Math.max(...counts)).toBeLessThan(70);
  });

  it('agrees with the partitioner of kafkajs 2.2.4 and so with the Java client', () => {
    const keys = ['', 'a', 'ab', 'abc', 'abcd', 'BTC/USD', 'ETH/BTC', 'AAPL', '日経平均'];
    expect(keys.map(key => partitionOf(key, 24))).toEqual([9, 4, 2, 3, 20, 13, 7, 9, 20]);
    expect(keys.map(key => partitionOf(key, 4))).toEqual([1, 0, 2, 3, 0, 1, 3, 1, 0]);
  });
});
