/** Runs of records in the bytes of a record batch, as the engine walks them, against the walk record by record. */
import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { RecordBlock } from '@tapeline/log/record-block';
import { SectionCursor } from '@tapeline/log/record-cursor';
import fc from 'fast-check';
import { type FoldOptions, HotFold } from '../src/hot/hot-fold.ts';
import { foldOptions } from './support/builders.ts';
import { plainRun } from './support/hot-run.ts';
import { randomLogs } from './support/random-feeds.ts';
import { zipfLog } from './support/zipf-log.ts';

/** The records section that a broker would send. */
function sectionOf(records: readonly FeedRecord[]): Uint8Array {
  const block = new RecordBlock({ topic: 'market-data.feed', partition: 0 });
  for (const record of records) {
    const value = encodeRecord(record);
    block.add(record.kind === 'tick' ? Buffer.from(record.symbol) : undefined, value, 0, value.length);
  }
  const run = block.cursor().rest();
  if (run === undefined) throw new Error('no records');
  return run.bytes.slice(run.start, run.end);
}

interface Walk {
  readonly fromOffset?: number;
  readonly toOffset?: number;
  readonly limit?: number;
  readonly options?: FoldOptions;
}

/** Bars and what else came, as text; how many records went through the engine's own walk. */
function walked(
  bytes: Uint8Array,
  { fromOffset = 0, toOffset = Number.MAX_SAFE_INTEGER, limit = 1_000, options = foldOptions }: Walk = {},
) {
  const fold = new HotFold(options);
  const results = fold.results();
  const cursor = new SectionCursor([{ bytes, start: 0, end: bytes.length, baseOffset: 0 }], fromOffset, toOffset);
  const bars: string[] = [];
  let inRuns = 0;
  for (;;) {
    const run = cursor.rest();
    const progress = run && fold.applyRun(run, limit, results);
    cursor.skip(progress?.byteLength ?? 0);
    inRuns += progress?.count ?? 0;
    if (progress?.isStopped === false) continue;
    if (!cursor.next()) break;
    const { valueStart, valueEnd } = cursor;
    if (!fold.applyTick(cursor.bytes, valueStart, valueEnd, results))
      fold.apply(decodeRecord(bytes.subarray(valueStart, valueEnd)), results);
  }
  results.bars.eachText((_, text, start, end) => bars.push(Buffer.from(text.subarray(start, end)).toString()));
  return { bars, versionUs: fold.versionUs, taken: results.taken, inRuns };
}

/** More of them by `HOT_FOLD_RUNS`. */
const numRuns = Number(process.env.HOT_FOLD_RUNS ?? 100);
const log = zipfLog({ seed: 3, symbols: 40, ticks: 1_500, ticksPerSecond: 100 });
const bytes = sectionOf(log);

describe('a run of records', () => {
  it('gives what the plain fold gives, nearly all of it without JavaScript', () => {
    const plain = plainRun(log, foldOptions);
    const run = walked(bytes);
    expect(run.bars).toEqual(plain.bars);
    expect([run.versionUs, run.taken]).toEqual([plain.versionUs, plain.taken]);
    expect(run.inRuns).toBeGreaterThan(0.95 * plain.taken);
  });

  it('gives what the plain fold gives for every log', () => {
    fc.assert(
      fc.property(randomLogs({ volumes: 'decimals' }), fc.integer({ min: 1, max: 20 }), ({ records, options }, limit) => {
        const plain = plainRun(records, options);
        const { bars, versionUs, taken } = walked(sectionOf(records), { options, limit });
        expect({ bars, versionUs, taken }).toEqual({ bars: plain.bars, versionUs: plain.versionUs, taken: plain.taken });
      }),
      { numRuns },
    );
  });

  it('gives the same for any limit, and for parts one after the other', () => {
    const whole = walked(bytes);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), limit => {
        expect(walked(bytes, { limit })).toMatchObject({ bars: whole.bars, versionUs: whole.versionUs, taken: whole.taken });
      }),
      { numRuns: 10 },
    );
    const firsts = log.slice(0, 1_000);
    expect(walked(bytes, { toOffset: 1_000 }).bars).toEqual(plainRun(firsts, foldOptions).bars);
    expect(walked(bytes, { fromOffset: 1_000 }).bars).toEqual(plainRun(log.slice(1_000), foldOptions).bars);
  });

  it('stops at bytes that are no whole record, however they are damaged, and leaves the rest to the cursor', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40_000 }), fc.nat({ max: 255 }), (place, byte) => {
        const damaged = bytes.slice(0, 60_000);
        damaged[place] = byte;
        try {
          walked(damaged);
        } catch (error) {
          expect(error).toMatchObject({ name: 'PipelineError' });
        }
      }),
      { numRuns },
    );
  });
});
