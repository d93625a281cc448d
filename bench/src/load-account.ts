/**
 * The account of a load, from the log itself: how many ticks stand in it, what its gap records say was lost, and whether the bars of the store
 * are those of the plain fold over the log, to the byte.
 */
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs, intervals } from '@tapeline/core/intervals';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { FoldOutput } from '@tapeline/stream-processing/fold/outputs';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { allowedLatenessMs } from './load.ts';
import { barBytes, barName, type StartRange, storedBars } from './stored-bars.ts';

export interface LogAccount {
  /** Each record once. */
  readonly ticks: number;
  /** Ticks that stand there a second time: the same session and sequence. */
  readonly ticksTwice: number;
  /** What the gap records tell of. */
  readonly lost: number;
  /** Last revisions of closed bars, by `symbol interval startMs`; empty when the log was only counted. */
  readonly bars: ReadonlyMap<string, Bar>;
}

export interface BarDifference {
  readonly expected: number;
  /** Missing in the store, others there, or none of the log's. */
  readonly different: number;
  /** Names of the first few. */
  readonly examples: readonly string[];
}

export interface AccountOptions {
  /** Folds the log: some 20 µs a tick. Otherwise it is only counted. */
  readonly fold: boolean;
  readonly onProgress: (records: number, of: number) => void;
  readonly signal: AbortSignal;
}

type Read = Pick<MarketLog, 'offsets' | 'read'>;

const foldOptions = { intervals, allowedLatenessMs, correctionHorizonMs: 60_000 } as const;
const mostExamples = 5;
const questionsAtOnce = 16;

/** Reads the feed topic from its begin to its end as it is now. */
export async function accountOf(log: Read, { fold, onProgress, signal }: AccountOptions): Promise<LogAccount> {
  const ranges = await log.offsets(feedTopic.name);
  const total = ranges.reduce((sum, { lowOffset, highWatermark }) => sum + highWatermark - lowOffset, 0);
  const counter = new RecordCounter();
  const bars = new Map<string, Bar>();
  const keep = (output: FoldOutput): void => {
    if (output.kind === 'bar') bars.set(barName(output.bar), output.bar);
  };
  for (const { partition, lowOffset, highWatermark } of ranges) {
    if (highWatermark === lowOffset) continue;
    const folding = fold ? new PartitionFold({ ...foldOptions, partition, partitions: ranges.length }) : undefined;
    const range = { topic: feedTopic.name, partition, fromOffset: lowOffset, toOffset: highWatermark, signal };
    for await (const batch of log.read(range)) {
      for (const { value } of batch.records) {
        const record = decodeRecord(value);
        counter.count(record, partition);
        folding?.apply(record, keep);
      }
      onProgress(counter.records, total);
    }
    signal.throwIfAborted();
  }
  const { ticks, ticksTwice, lost } = counter;
  return { ticks, ticksTwice, lost, bars };
}

/** Whether the store has these bars and no others of their symbols and time. */
export async function differenceOf(expected: LogAccount['bars'], store: Pick<MarketStore, 'bars'>): Promise<BarDifference> {
  const all = [...expected.values()];
  const symbols = [...new Set(all.map(({ symbol }) => symbol))];
  const [firstMs, lastMs] = all.reduce(
    ([first, last], { startMs }) => [Math.min(first, startMs), Math.max(last, startMs)],
    [Number.POSITIVE_INFINITY, 0],
  );
  const around = (interval: Interval): StartRange => {
    const aroundMs = intervalMs(interval);
    return { fromMs: Math.floor(firstMs / aroundMs) * aroundMs - aroundMs, toMs: lastMs + 2 * aroundMs };
  };
  const stored = await storedBars(store, symbols, around, questionsAtOnce);
  const isStored = (name: string, bar: Bar): boolean => {
    const found = stored.get(name);
    return found !== undefined && barBytes(found) === barBytes(bar);
  };
  const differing = [...expected].filter(([name, bar]) => !isStored(name, bar)).map(([name]) => name);
  const unknown = [...stored.keys()].filter(name => !expected.has(name));
  const faults = [...differing, ...unknown];
  return { expected: expected.size, different: faults.length, examples: faults.slice(0, mostExamples) };
}

/** Counts ticks, each session's sequences as bits: a hundred million take 12 MB. */
class RecordCounter {
  records = 0;
  ticks = 0;
  ticksTwice = 0;
  lost = 0;
  readonly #seen = new Map<number, Uint8Array>();

  count(record: FeedRecord, partition: number): void {
    this.records += 1;
    if (record.kind === 'tick') this.#tick(record.session, record.sequence);
    // A gap stands in every partition.
    if (record.kind === 'gap' && partition === 0) this.lost += record.lost;
  }

  #tick(session: number, sequence: number): void {
    const byte = sequence >>> 3;
    let bits = this.#seen.get(session) ?? new Uint8Array(1_024);
    if (byte >= bits.length) {
      const longer = new Uint8Array(Math.max(byte + 1, bits.length * 2));
      longer.set(bits);
      bits = longer;
    }
    this.#seen.set(session, bits);
    const bit = 1 << (sequence & 7);
    if (((bits[byte] as number) & bit) === 0) this.ticks += 1;
    else this.ticksTwice += 1;
    bits[byte] = (bits[byte] as number) | bit;
  }
}
