import { describe, expect, it } from '@jest/globals';
import { Bell } from '../src/bell.ts';
import { byTurn, isHungry, type Position, pieceBytesOf, responseBytes } from '../src/fetch-position.ts';

const mebibyte = 1_048_576;

function aPosition(changes: Partial<Position>): Position {
  const reading = {
    partition: 0,
    maxBufferedBytes: 4 * mebibyte,
    toOffset: 1_000,
    bell: new Bell(),
    buffer: [],
    fromOffset: 0,
    nextOffset: 0,
    leaderEpoch: -1,
  };
  return { ...reading, bufferedBytes: 0, isBehind: true, servedAt: 0, fetching: false, failure: undefined, ...changes };
}

describe('a piece', () => {
  it('is a whole response where few partitions are read, and smaller where many are, so that all have a bound together', () => {
    expect([1, 4].map(pieceBytesOf)).toEqual([responseBytes, responseBytes]);
    for (const partitions of [5, 12, 24, 48]) expect(partitions * pieceBytesOf(partitions)).toBeLessThanOrEqual(12 * mebibyte);
    expect(pieceBytesOf(1_000)).toBe(262_144);
  });
});

describe('a position', () => {
  it('is hungry while a whole piece has room, or when nothing is buffered, however small its buffer', () => {
    const hungry = (changes: Partial<Position>) => isHungry(aPosition(changes), 3 * mebibyte);
    expect(hungry({ bufferedBytes: mebibyte })).toBe(true);
    expect(hungry({ bufferedBytes: mebibyte + 1 })).toBe(false);
    expect(hungry({ maxBufferedBytes: 1_000 })).toBe(true);
    expect(hungry({ maxBufferedBytes: 1_000, bufferedBytes: 1 })).toBe(false);
    expect(hungry({ nextOffset: 1_000 })).toBe(false);
  });

  it('that is not behind is asked for first, and then whoever has waited longest', () => {
    const behind = [3, 1, 2].map(servedAt => aPosition({ partition: servedAt, servedAt }));
    const live = [9, 8].map(servedAt => aPosition({ partition: servedAt, servedAt, isBehind: false }));
    const turns = [...behind, ...live].sort(byTurn).map(({ partition }) => partition);
    expect(turns).toEqual([8, 9, 1, 2, 3]);
  });
});
