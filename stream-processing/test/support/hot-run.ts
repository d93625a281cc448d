/** The plain fold and the hot one over the same records, their outputs as text. */
import { encodeBar } from '@tapeline/core/bars';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { type FoldOptions, PartitionFold } from '../../src/fold/partition-fold.ts';
import { type FoldResults, HotFold } from '../../src/hot/hot-fold.ts';

export interface RunOutputs {
  readonly bars: readonly string[];
  readonly others: readonly string[];
  readonly taken: number;
  readonly versionUs: number;
}

export interface RunOptions {
  readonly cuts?: ReadonlySet<number>;
  /** Give ticks as bytes, as the log holds them. @default true */
  readonly bytes?: boolean;
}

export function plainRun(records: readonly FeedRecord[], options: FoldOptions): RunOutputs {
  const fold = new PartitionFold(options);
  const bars: string[] = [];
  const others: string[] = [];
  for (const record of records) {
    fold.apply(record, output => {
      if (output.kind === 'bar') bars.push(encodeBar(output.bar));
      else others.push(JSON.stringify(output));
    });
  }
  return { bars, others, taken: others.filter(text => text.startsWith('{"kind":"tick"')).length, versionUs: fold.versionUs };
}

export function hotRun(records: readonly FeedRecord[], options: FoldOptions, run: RunOptions = {}): RunOutputs {
  let fold = new HotFold(options);
  let results = fold.results({ storeTicks: true });
  const outputs = { bars: [] as string[], others: [] as string[], taken: 0 };
  for (const [index, record] of records.entries()) {
    if (run.cuts?.has(index)) {
      drain(results, outputs);
      fold = HotFold.decode(fold.encode(), options);
      results = fold.results({ storeTicks: true });
    }
    applyTo(fold, record, results, run.bytes ?? true);
    if (index % 7 === 0) drain(results, outputs);
  }
  drain(results, outputs);
  return { ...outputs, versionUs: fold.versionUs };
}

/** Gives a record to the fold as the processor does: ticks as bytes where it takes them so. */
export function applyTo(fold: HotFold, record: FeedRecord, results: FoldResults, bytes = true): void {
  if (!bytes || record.kind !== 'tick') return fold.apply(record, results);
  const value = encodeRecord(record);
  if (!fold.applyTick(value, 0, value.length, results)) fold.apply(record, results);
}

/** Moves what a hot fold gave out to `outputs`, each bar as the engine wrote it, which must be what `encodeBar` writes. */
export function drain(results: FoldResults, outputs: { bars: string[]; others: string[]; taken: number }): void {
  const { bars } = results;
  bars.eachText((index, bytes, start, end) => {
    const text = Buffer.from(bytes.subarray(start, end)).toString();
    if (text !== encodeBar(bars.at(index))) throw new Error(`${text} is not ${encodeBar(bars.at(index))}`);
    outputs.bars.push(text);
  });
  for (const output of results.outputs) outputs.others.push(JSON.stringify(output));
  outputs.taken += results.taken;
  results.clear();
}
