/** What the log says up to any offset, by the plain fold: the measure of what the store and the topics hold. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { DeadLetterReason } from '@tapeline/core/dead-letters';
import { hasCode } from '@tapeline/core/errors';
import { intervals } from '@tapeline/core/intervals';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { Gap, LatestPrice } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { FoldOutput } from '@tapeline/stream-processing/fold/outputs';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { latestPriceOf } from '@tapeline/stream-processing/latest-price';
import { keyOf } from '../support/tick-key.ts';
import { Grouped } from './grouped.ts';

/** A row that is due, and the record that made it so. */
export interface Due<Row> {
  readonly row: Row;
  readonly partition: number;
  readonly offset: number;
}

export interface DueTick {
  readonly symbol: string;
  readonly timeMs: number;
  readonly versionUs: number;
}

/** Told of each record of the feed: `undefined` for one that cannot be read. */
export type Witness = (record: FeedRecord | undefined, partition: number, offset: number, value: Uint8Array | undefined) => void;

export class Oracle {
  /** By `symbol interval`, then by begin. */
  readonly bars = new Grouped<number, Due<Bar>>();
  /** By symbol, then by `symbol session sequence`. */
  readonly ticks = new Grouped<string, Due<DueTick>>();
  /** By symbol, begin and reason. */
  readonly gaps = new Map<string, Due<Gap>>();
  readonly latest = new Map<string, Due<LatestPrice>>();
  readonly alerts = new Map<string, Due<Alert>>();
  /** Reasons of what the fold refuses, by origin. */
  readonly letters = new Map<string, DeadLetterReason>();
  /** Records that the fold was given. */
  records = 0;
  readonly nextOffsets: number[];
  readonly #log: Pick<MarketLog, 'read'>;
  readonly #witness: Witness;
  readonly #folds: readonly PartitionFold[];

  constructor(log: Pick<MarketLog, 'read'>, partitions: number, witness: Witness = () => undefined) {
    this.#log = log;
    this.#witness = witness;
    this.nextOffsets = Array.from({ length: partitions }, () => 0);
    this.#folds = this.nextOffsets.map(
      (_, partition) => new PartitionFold({ partition, partitions, intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 }),
    );
  }

  /** Folds a partition up to `toOffset`, exclusive; an offset that is behind changes nothing. */
  async advance(partition: number, toOffset: number): Promise<void> {
    const fromOffset = this.nextOffsets[partition] ?? 0;
    if (toOffset <= fromOffset) return;
    for await (const batch of this.#log.read({ topic: feedTopic.name, partition, fromOffset, toOffset })) {
      for (const { offset, value } of batch.records) {
        this.#apply(partition, offset, value);
        this.nextOffsets[partition] = offset + 1;
      }
    }
  }

  #apply(partition: number, offset: number, value: Uint8Array | undefined): void {
    const fold = this.#folds[partition];
    const origin = `${feedTopic.name}/${partition}@${offset}`;
    this.records += 1;
    let record: FeedRecord | undefined;
    try {
      record = decodeRecord(value);
      fold?.apply(record, output => this.#take(output, partition, offset));
    } catch (error) {
      if (!hasCode(error, 'record.invalid')) throw error;
      record = undefined;
      fold?.passOver();
      this.letters.set(origin, 'malformed');
    }
    this.#witness(record, partition, offset, value);
  }

  #take(output: FoldOutput, partition: number, offset: number): void {
    const due = <Row>(row: Row): Due<Row> => ({ row, partition, offset });
    switch (output.kind) {
      case 'bar':
        this.bars.set(`${output.bar.symbol} ${output.bar.interval}`, output.bar.startMs, due(output.bar));
        return;
      case 'tick': {
        const { tick, versionUs } = output;
        this.ticks.set(tick.symbol, keyOf(tick), due({ symbol: tick.symbol, timeMs: tick.timeMs, versionUs }));
        if (output.latest) this.latest.set(tick.symbol, due(latestPriceOf(tick, versionUs)));
        return;
      }
      case 'gap': {
        const { kind: _, ...gap } = output;
        this.gaps.set(`${gap.symbol} ${gap.fromMs} ${gap.reason}`, due(gap));
        return;
      }
      case 'alert':
        this.alerts.set(output.alert.id, due(output.alert));
        return;
      case 'dead-letter':
        this.letters.set(`${feedTopic.name}/${partition}@${offset}`, output.reason);
    }
  }
}
