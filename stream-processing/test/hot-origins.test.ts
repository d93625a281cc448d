import { describe, expect, it } from '@jest/globals';
import type { FeedRecord, Tick } from '@tapeline/core/records';
import { HotFold } from '../src/hot/hot-fold.ts';
import { readSnapshot, snapshotHeader, snapshotLead } from '../src/hot/hot-snapshot.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';
import { applyTo, hotRun, plainRun } from './support/hot-run.ts';

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

describe('a feed that begins a session every ten seconds', () => {
  const symbols = ['BTC/USD', 'ETH/USD', 'AAPL'];

  /** AAPL seldom trades: its last windows stay those of a session long ago. Now and then a straggler corrects, or is late. */
  function recordsOf(session: number): FeedRecord[] {
    const beginsAt = session * 10;
    const previous = { session: session - 1, reason: 'closed', lastDataMs: at(beginsAt - 2) };
    const tick = (sequence: number, symbol: string, seconds: number): Tick => {
      const timeMs = at(beginsAt + seconds);
      const fields = { symbol, session, sequence, timeMs, receivedTimeMs: at(beginsAt + 8), price: session + sequence / 8 };
      const { tradingDay, tradingDayEndMs, ...others } = aTick(fields);
      return { ...others, tradingDay, tradingDayEndMs };
    };
    return [
      aSession({ timeMs: at(beginsAt), session, symbols, previous }),
      tick(1, 'BTC/USD', 1),
      tick(2, 'ETH/USD', 1),
      tick(3, 'BTC/USD', 7),
      ...(session % 100 === 1 ? [tick(4, 'AAPL', 2)] : []),
      aHeartbeat({ timeMs: at(beginsAt + 8), session }),
      ...(session % 7 === 0 ? [tick(5, 'ETH/USD', -5)] : []),
      ...(session % 11 === 0 ? [tick(6, 'BTC/USD', -500)] : []),
    ];
  }

  const sessionsOf = (count: number) => Array.from({ length: count }, (_, index) => recordsOf(index + 1)).flat();

  it('leaves no more origins in a snapshot after thousands of sessions than after a hundred', () => {
    const fold = new HotFold(foldOptions);
    const results = fold.results();
    for (const record of sessionsOf(3_000)) {
      applyTo(fold, record, results);
      results.clear();
    }
    expect(snapshotHeader(fold.encode()).origins.length).toBeLessThan(100);
  });

  it('finds room in a snapshot of a program that left none', () => {
    const records = sessionsOf(500);
    const before = sessionsOf(20).length;
    const former = new HotFold(foldOptions);
    const results = former.results();
    for (const record of records.slice(0, before)) applyTo(former, record, results);
    const saved = readSnapshot(former.encode(), foldOptions, (header, numbers) => {
      const unused = Array.from({ length: 5_000 }, (_, index) => [20_000, at(86_400), 1_000 + index, 1_000 + index, 1] as const);
      const numbersLeft = numbers.nextNumbers(numbers.left);
      return Buffer.concat([
        snapshotLead({ ...header, origins: [...header.origins, ...unused] }),
        new Uint8Array(numbersLeft.slice().buffer),
      ]);
    });
    const fold = HotFold.decode(saved, foldOptions);
    for (const record of records.slice(before)) applyTo(fold, record, fold.results());
    expect(snapshotHeader(fold.encode()).origins.length).toBeLessThan(100);
  });

  it('gives the bars of the plain fold, and the same snapshot wherever it is cut', () => {
    const records = sessionsOf(150);
    const plain = plainRun(records, foldOptions);
    for (const every of [1, 5, 97]) {
      const cuts = new Set(Array.from(records.keys()).filter(index => index % every === 0));
      expect(hotRun(records, foldOptions, { cuts })).toEqual(plain);
    }
    expect(snapshotAfter(records, 5).equals(snapshotAfter(records, Number.POSITIVE_INFINITY))).toBe(true);
  });

  function snapshotAfter(records: readonly FeedRecord[], cutEvery: number): Buffer {
    let fold = new HotFold(foldOptions);
    for (const [index, record] of records.entries()) {
      if (index % cutEvery === 0) fold = HotFold.decode(fold.encode(), foldOptions);
      applyTo(fold, record, fold.results());
    }
    return Buffer.from(fold.encode());
  }
});
