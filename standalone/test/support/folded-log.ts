/** A log that a test wrote into, read back and folded by both folds, which must agree. */
import { expect } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { FoldOutput } from '@tapeline/stream-processing/fold/outputs';
import { hotRun, plainRun } from '../../../stream-processing/test/support/hot-run.ts';

/** What a gap of one symbol says. */
export interface SymbolGap {
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

export interface FoldedLog {
  /** The last revision of each, of one second. */
  readonly bars: readonly Bar[];
  /** In the order of the partitions, then of the log. */
  readonly gaps: readonly SymbolGap[];
  readonly deadLetters: readonly Extract<FoldOutput, { readonly kind: 'dead-letter' }>[];
}

/** All records of one partition of the feed topic. */
export async function recordsOfPartition(log: MarketLog, partition: number): Promise<FeedRecord[]> {
  const offsets = await log.offsets(feedTopic.name);
  const toOffset = offsets.find(each => each.partition === partition)?.highWatermark ?? 0;
  const records: FeedRecord[] = [];
  for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset: 0, toOffset })) {
    records.push(...batch.records.map(({ value }) => decodeRecord(value)));
  }
  return records;
}

/** From both folds, which must agree to the byte. */
export async function foldedLog(log: MarketLog): Promise<FoldedLog> {
  const partitions = await log.partitionCount(feedTopic.name);
  const bars = new Map<string, Bar>();
  const others: FoldOutput[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const options = { intervals: ['1s'], allowedLatenessMs: 200, correctionHorizonMs: 60_000, partition, partitions } as const;
    const records = await recordsOfPartition(log, partition);
    const plain = plainRun(records, options);
    const hot = hotRun(records, options);
    expect(hot.bars).toEqual(plain.bars);
    expect(hot.others).toEqual(plain.others);
    for (const bar of plain.bars.map(text => JSON.parse(text) as Bar)) bars.set(`${bar.symbol} ${bar.startMs}`, bar);
    for (const text of plain.others) others.push(JSON.parse(text) as FoldOutput);
  }
  const gaps = others.flatMap(output =>
    output.kind === 'gap' ? [{ symbol: output.symbol, fromMs: output.fromMs, toMs: output.toMs, reason: output.reason }] : [],
  );
  return { bars: [...bars.values()], gaps, deadLetters: others.filter(output => output.kind === 'dead-letter') };
}
