import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PartitionFold } from '../src/fold/partition-fold.ts';
import { HotFold } from '../src/hot/hot-fold.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';
import { applyTo, hotRun, plainRun, type RunOutputs } from './support/hot-run.ts';
import { expectPureSource } from './support/pure-source.ts';
import { largeRandomLogs, randomLogs } from './support/random-feeds.ts';
import { zipfLog } from './support/zipf-log.ts';

/** More of them by `HOT_FOLD_RUNS`. */
const numRuns = Number(process.env.HOT_FOLD_RUNS ?? 150);
const cuts = (max: number) => fc.array(fc.nat({ max }), { maxLength: 6 });

/** What to look at first when a long run differs. */
function digest(run: RunOutputs) {
  const hash = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex');
  return {
    bars: run.bars.length,
    others: run.others.length,
    versionUs: run.versionUs,
    hashes: [hash(run.bars), hash(run.others)],
  };
}

describe('the hot fold', () => {
  it('gives the very bytes of the plain one for every log, as bytes or as records', () => {
    fc.assert(
      fc.property(randomLogs({ volumes: 'decimals' }), fc.boolean(), ({ records, options }, bytes) => {
        expect(hotRun(records, options, { bytes })).toEqual(plainRun(records, options));
      }),
      { numRuns },
    );
  });

  it('gives the same bytes wherever it is cut into snapshots', () => {
    fc.assert(
      fc.property(randomLogs({ volumes: 'decimals' }), cuts(120), ({ records, options }, at) => {
        expect(hotRun(records, options, { cuts: new Set(at) })).toEqual(plainRun(records, options));
      }),
      { numRuns },
    );
  });

  it('gives the same bytes for hundreds of symbols', () => {
    fc.assert(
      fc.property(largeRandomLogs({ volumes: 'decimals' }), cuts(3_000), ({ records, options }, at) => {
        expect(hotRun(records, options, { cuts: new Set(at) })).toEqual(plainRun(records, options));
      }),
      { numRuns: Math.ceil(numRuns / 50) },
    );
  });

  it('gives the same bytes for 100,000 ticks of 300 symbols, some of them late, as a market sends them', () => {
    const records = zipfLog({ seed: 7, symbols: 300, ticks: 100_000, ticksPerSecond: 400 });
    const plain = digest(plainRun(records, foldOptions));
    expect(plain.bars).toBeGreaterThan(60_000);
    expect(digest(hotRun(records, foldOptions, { cuts: new Set([50_000]) }))).toEqual(plain);
  }, 60_000);

  it('knows what the plain one knows: open bars, latest ticks, symbols and feeds', () => {
    fc.assert(
      fc.property(randomLogs({ volumes: 'decimals' }), ({ records, options }) => {
        const plain = new PartitionFold(options);
        const hot = new HotFold(options);
        const results = hot.results();
        for (const record of records) {
          plain.apply(record, () => undefined);
          applyTo(hot, record, results);
          results.clear();
        }
        expect(hot.symbols()).toEqual(plain.symbols());
        expect(hot.feeds()).toEqual(plain.feeds());
        for (const symbol of plain.symbols()) {
          const tick = plain.latestTick(symbol);
          expect(hot.latestTick(symbol)).toEqual(tick);
          const { price, bid, ask, dayVolume, timeMs, receivedTimeMs } = tick ?? {};
          const shown = tick === undefined ? undefined : { symbol, price, bid, ask, dayVolume, timeMs, receivedTimeMs };
          expect(hot.shownPrice(symbol)).toEqual(shown);
          for (const interval of options.intervals) expect(hot.openBars(symbol, interval)).toEqual(plain.openBars(symbol, interval));
        }
      }),
      { numRuns },
    );
  });

  it('says whose latest tick changed since the results were cleared', () => {
    const fold = new HotFold(foldOptions);
    const results = fold.results();
    fold.apply(aSession({ timeMs: at(0), symbols: ['BTC/USD', 'ETH/USD'] }), results);
    applyTo(fold, aTick({ timeMs: at(1), sequence: 1, symbol: 'ETH/USD', price: 5 }), results);
    applyTo(fold, aTick({ timeMs: at(2), sequence: 2, symbol: 'ETH/USD', price: 6 }), results);
    expect([results.taken, results.changedCount]).toEqual([2, 1]);
    expect(fold.latestAt(results.changed(0))).toMatchObject({ tick: { symbol: 'ETH/USD', price: 6 }, versionUs: at(2) * 1_000 });
    results.clear();
    expect([results.taken, results.changedCount, results.bars.count]).toEqual([0, 0, 0]);
    applyTo(fold, aTick({ timeMs: at(0.5), receivedTimeMs: at(3), sequence: 3, symbol: 'ETH/USD' }), results);
    expect([results.taken, results.changedCount]).toEqual([1, 0]);
  });

  it('says no to a tick that is more than an everyday one, and nothing has changed', () => {
    const fold = new HotFold(foldOptions);
    const results = fold.results();
    const value = Buffer.from(JSON.stringify(aTick({ timeMs: at(1) })));
    expect(fold.applyTick(value, 0, value.length, results)).toBe(false);
    expect([fold.versionUs, fold.symbols(), results.taken]).toEqual([0, [], 0]);
  });

  it('refuses a snapshot of other settings, another number of partitions or another kind, with the remedy', () => {
    const fold = new HotFold(foldOptions);
    fold.apply(aSession({ timeMs: at(0) }), fold.results());
    fold.apply(aHeartbeat({ timeMs: at(1) }), fold.results());
    const bytes = fold.encode();
    expect(() => HotFold.decode(bytes, { ...foldOptions, intervals: ['1m'] })).toThrow(
      /BAR_INTERVALS=1s,5s,15s,1m,5m,15m,1h,1d, now it is 1m: go back to the former setting/,
    );
    expect(() => HotFold.decode(bytes, { ...foldOptions, allowedLatenessMs: 5_000 })).toThrow(
      /ALLOWED_LATENESS_MS=2000, now it is 5000: go back to the former setting, or run tapeline rebuild/,
    );
    expect(() => HotFold.decode(bytes, { ...foldOptions, correctionHorizonMs: 0 })).toThrow(/CORRECTION_HORIZON_MS=60000, now it is 0/);
    expect(() => HotFold.decode(bytes, { ...foldOptions, partitions: 2 })).toThrow(/made with 1 partitions, now there are 2/);
    expect(() => HotFold.decode(new PartitionFold(foldOptions).encode(), foldOptions)).toThrow(/not readable .*tapeline rebuild/);
    expect(() => HotFold.decode(bytes.subarray(0, bytes.length - 8), foldOptions)).toThrow(/not readable/);
    expect(() => HotFold.decode(new Uint8Array([...bytes, ...new Uint8Array(8)]), foldOptions)).toThrow(/not readable/);
    expect(() => HotFold.decode(new Uint8Array([1, 2]), foldOptions)).toThrow(/not readable/);
    expect(HotFold.decode(bytes, foldOptions).versionUs).toBe(fold.versionUs);
  });

  it('names no clock, no randomness and no I/O in its source, and imports records for their types only', () => {
    expectPureSource('hot');
  });
});
