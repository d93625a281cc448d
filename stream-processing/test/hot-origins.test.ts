import { expect, it } from '@jest/globals';
import { HotFold } from '../src/hot/hot-fold.ts';
import { snapshotHeader } from '../src/hot/hot-snapshot.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';

it('notes a few origins for each session, not one for every pair of sessions in which windows begin and go on', () => {
  const fold = new HotFold(foldOptions);
  const results = fold.results();
  const sessions = 40;
  const symbols = Array.from({ length: sessions }, (_, index) => `SYM${index}`);
  for (let session = 1; session <= sessions; session += 1) {
    const beginsAt = session * 10;
    fold.apply(aSession({ timeMs: at(beginsAt), session, symbols }), results);
    for (let index = 0; index < session; index += 1) {
      fold.apply(aTick({ symbol: symbols[index] as string, session, sequence: index + 1, timeMs: at(beginsAt + 1) }), results);
    }
    fold.apply(aHeartbeat({ timeMs: at(beginsAt + 9), session }), results);
    results.clear();
  }
  expect(snapshotHeader(fold.encode()).origins.length).toBeLessThanOrEqual(4 * sessions);
});
