import { expect, it } from '@jest/globals';
import { HotFold } from '../src/hot/hot-fold.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';

it('reads a snapshot as stores give it: a Buffer at any place of a larger one', () => {
  const fold = new HotFold(foldOptions);
  const results = fold.results();
  const records = [
    aSession({ timeMs: at(0) }),
    aTick({ timeMs: at(1), dayVolume: 5 }),
    aHeartbeat({ timeMs: at(9) }),
    aTick({ timeMs: at(10) }),
  ];
  for (const record of records) fold.apply(record, results);
  const state = fold.encode();
  for (const offset of [0, 1, 5, 8, 4_099]) {
    const larger = Buffer.alloc(state.length + offset + 13, 0xff);
    larger.set(state, offset);
    const restored = HotFold.decode(larger.subarray(offset, offset + state.length), foldOptions);
    expect(Buffer.compare(restored.encode(), state)).toBe(0);
  }
});
