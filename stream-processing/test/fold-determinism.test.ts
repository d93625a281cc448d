import { describe, expect, it } from '@jest/globals';
import type { FeedRecord } from '@tapeline/core/records';
import fc from 'fast-check';
import type { FoldOutput } from '../src/fold/outputs.ts';
import { PartitionFold } from '../src/fold/partition-fold.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';
import { expectPureSource } from './support/pure-source.ts';

/** A feed with stragglers, equal stamps, breaks, volume corrections and a symbol that nobody announced. */
const feedRecords: fc.Arbitrary<FeedRecord[]> = fc
  .array(
    fc.record({
      stepMs: fc.integer({ min: 0, max: 4_000 }),
      what: fc.constantFrom('tick', 'tick', 'tick', 'tick', 'tick', 'heartbeat', 'heartbeat', 'session'),
      symbol: fc.constantFrom('BTC/USD', 'ETH/USD', 'AAPL', 'UNSAID'),
      lateMs: fc.constantFrom(0, 0, 0, 500, 3_000, 30_000, 90_000),
      cents: fc.integer({ min: 1, max: 10_000 }),
      dayVolume: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
    }),
    { maxLength: 200 },
  )
  .map(steps => {
    let nowMs = at(0);
    let session = 1;
    const symbols = ['BTC/USD', 'ETH/USD', 'AAPL'];
    const records: FeedRecord[] = [aSession({ timeMs: nowMs, symbols })];
    for (const step of steps) {
      nowMs += step.stepMs;
      if (step.what === 'heartbeat') records.push(aHeartbeat({ timeMs: nowMs, session }));
      if (step.what === 'session') {
        session += 1;
        records.push(aSession({ timeMs: nowMs, session, symbols }));
      }
      if (step.what !== 'tick') continue;
      const tick = { timeMs: nowMs - step.lateMs, receivedTimeMs: nowMs, session, symbol: step.symbol, price: step.cents / 100 };
      records.push(aTick(step.dayVolume === undefined ? tick : { ...tick, dayVolume: step.dayVolume }));
    }
    records.push(aHeartbeat({ timeMs: nowMs + 60_000, session }));
    return records;
  });

function outputsOf(records: readonly FeedRecord[], cuts: ReadonlySet<number>): string {
  let fold = new PartitionFold(foldOptions);
  const outputs: string[] = [];
  const emit = (output: FoldOutput): void => {
    outputs.push(JSON.stringify(output));
  };
  records.forEach((record, index) => {
    if (cuts.has(index)) fold = PartitionFold.decode(fold.encode(), foldOptions);
    fold.apply(record, emit);
  });
  return outputs.join('\n');
}

describe('the fold as a function of its log', () => {
  it('gives the same bytes twice', () => {
    fc.assert(
      fc.property(feedRecords, records => expect(outputsOf(records, new Set())).toBe(outputsOf(records, new Set()))),
      { numRuns: 50 },
    );
  });

  it('gives the same bytes wherever it is cut into snapshots', () => {
    fc.assert(
      fc.property(feedRecords, fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 5 }), (records, cuts) => {
        expect(outputsOf(records, new Set(cuts))).toBe(outputsOf(records, new Set()));
      }),
      { numRuns: 150 },
    );
  });

  it('gives every output a version of its own, rising', () => {
    fc.assert(
      fc.property(feedRecords, records => {
        const fold = new PartitionFold(foldOptions);
        let last = 0;
        for (const record of records) {
          fold.apply(record, output => {
            const versionUs = output.kind === 'bar' ? output.bar.versionUs : 'versionUs' in output ? output.versionUs : last + 1;
            expect(versionUs).toBeGreaterThan(last);
            last = Math.max(last, versionUs);
          });
          expect(fold.versionUs).toBeGreaterThanOrEqual(last);
          last = fold.versionUs;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('accounts for every tick: taken, repeated or a dead letter', () => {
    fc.assert(
      fc.property(feedRecords, records => {
        const fold = new PartitionFold(foldOptions);
        let accounted = 0;
        for (const record of records) {
          fold.apply(record, output => {
            if (output.kind === 'tick' || output.kind === 'repeated') accounted += 1;
            if (output.kind === 'dead-letter' && output.record.kind === 'tick') accounted += 1;
          });
        }
        expect(accounted).toBe(records.filter(record => record.kind === 'tick').length);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a snapshot of other settings or another number of partitions, with the remedy', () => {
    const bytes = new PartitionFold(foldOptions).encode();
    expect(() => PartitionFold.decode(bytes, { ...foldOptions, intervals: ['1m'] })).toThrow(
      /BAR_INTERVALS=1s,5s,15s,1m,5m,15m,1h,1d, now it is 1m/,
    );
    expect(() => PartitionFold.decode(bytes, { ...foldOptions, allowedLatenessMs: 0 })).toThrow(
      /ALLOWED_LATENESS_MS=2000, now it is 0: go back/,
    );
    expect(() => PartitionFold.decode(bytes, { ...foldOptions, correctionHorizonMs: 5 })).toThrow(
      /CORRECTION_HORIZON_MS=60000, now it is 5/,
    );
    expect(() => PartitionFold.decode(bytes, { ...foldOptions, partitions: 2 })).toThrow(/made with 1 partitions, now there are 2/);
    expect(() => PartitionFold.decode(new Uint8Array([1, 2]), foldOptions)).toThrow(/not readable/);
  });

  it('names no clock, no randomness and no I/O in its source, and imports records for their types only', () => {
    expectPureSource('fold');
  });
});
