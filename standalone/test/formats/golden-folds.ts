/** Both folds over a feed, on from any state: what they give out as text, and the snapshots that they leave. */
import { encodeBar } from '@tapeline/core/bars';
import type { FeedRecord } from '@tapeline/core/records';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { HotFold } from '@tapeline/stream-processing/hot/hot-fold';
import { applyTo, drain } from '../../../stream-processing/test/support/hot-run.ts';
import { goldenOptions } from './golden-feed.ts';

export interface Given {
  /** As they stand in `market-data.bars`. */
  readonly bars: readonly string[];
  /** All other outputs, as JSON. */
  readonly others: readonly string[];
}

/** One of the two folds with what is the same of both. */
export interface FoldKind {
  readonly name: 'plain' | 'hot';
  /** Folds records on from a snapshot, or from the start. */
  run(records: readonly FeedRecord[], from?: Uint8Array): Given & { readonly snapshot: Uint8Array };
}

const plain: FoldKind = {
  name: 'plain',
  run: (records, from) => {
    const fold = from === undefined ? new PartitionFold(goldenOptions) : PartitionFold.decode(from, goldenOptions);
    const given = { bars: [] as string[], others: [] as string[] };
    for (const record of records) {
      fold.apply(record, output => {
        if (output.kind === 'bar') given.bars.push(encodeBar(output.bar));
        else given.others.push(JSON.stringify(output));
      });
    }
    return { ...given, snapshot: fold.encode() };
  },
};

const hot: FoldKind = {
  name: 'hot',
  run: (records, from) => {
    const fold = from === undefined ? new HotFold(goldenOptions) : HotFold.decode(from, goldenOptions);
    const results = fold.results({ storeTicks: true });
    const given = { bars: [] as string[], others: [] as string[], taken: 0 };
    for (const record of records) {
      applyTo(fold, record, results);
      drain(results, given);
    }
    return { bars: given.bars, others: given.others, snapshot: fold.encode() };
  },
};

export const folds: readonly FoldKind[] = [plain, hot];
