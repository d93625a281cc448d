/** What the log says up to any offset, by the plain fold: the measure of what the store holds. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import { decodeRecord } from '@tapeline/core/record-codec';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { keyOf } from '../support/tick-key.ts';

/** Everything the fold gave out so far, by key; ticks by `symbol session sequence`. */
export interface Expected {
  readonly bars: Map<string, Bar>;
  /** Ticks that were taken, with their time. */
  readonly ticks: Map<string, { readonly symbol: string; readonly timeMs: number }>;
  /** Ticks that were refused, with the reason. */
  readonly refused: Map<string, string>;
  /** By id. */
  readonly alerts: Map<string, Alert>;
}

export class LogFold {
  readonly expected: Expected = { bars: new Map(), ticks: new Map(), refused: new Map(), alerts: new Map() };
  /** How often each tick stands in the log. */
  readonly ticksInLog = new Map<string, number>();
  readonly #log: Pick<MarketLog, 'read'>;
  readonly #folds: readonly PartitionFold[];
  readonly #nextOffsets: number[];

  constructor(log: Pick<MarketLog, 'read'>, partitions: number) {
    this.#log = log;
    this.#nextOffsets = Array.from({ length: partitions }, () => 0);
    this.#folds = this.#nextOffsets.map(
      (_, partition) => new PartitionFold({ partition, partitions, intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 }),
    );
  }

  /** Folds a partition up to `toOffset`, exclusive; an offset that is behind changes nothing. */
  async advance(partition: number, toOffset: number, signal?: AbortSignal): Promise<void> {
    const fromOffset = this.#nextOffsets[partition] ?? 0;
    if (toOffset <= fromOffset) return;
    const reading = { topic: feedTopic.name, partition, fromOffset, toOffset, ...(signal === undefined ? {} : { signal }) };
    for await (const batch of this.#log.read(reading)) {
      for (const { offset, value } of batch.records) {
        this.#apply(partition, value);
        this.#nextOffsets[partition] = offset + 1;
      }
    }
  }

  #apply(partition: number, value: Uint8Array | undefined): void {
    const record = decodeRecord(value);
    if (record.kind === 'tick') {
      const key = keyOf(record);
      this.ticksInLog.set(key, (this.ticksInLog.get(key) ?? 0) + 1);
    }
    this.#folds[partition]?.apply(record, output => {
      const { bars, ticks, refused, alerts } = this.expected;
      if (output.kind === 'bar') bars.set(`${output.bar.symbol} ${output.bar.interval} ${output.bar.startMs}`, output.bar);
      if (output.kind === 'tick') ticks.set(keyOf(output.tick), { symbol: output.tick.symbol, timeMs: output.tick.timeMs });
      if (output.kind === 'alert') alerts.set(output.alert.id, output.alert);
      if (output.kind === 'dead-letter' && output.record.kind === 'tick') refused.set(keyOf(output.record), output.reason);
    });
  }
}
