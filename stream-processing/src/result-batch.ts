/** Gathers what the fold gives out of a batch of records into rows for the store and records for the log. */
import { type Bar, encodeBar } from '@tapeline/core/bars';
import { type DeadLetter, deadLetter, encodeDeadLetter } from '@tapeline/core/dead-letters';
import { partitionOf } from '@tapeline/core/partitioner';
import { barsTopic, deadLetterTopic } from '@tapeline/core/topics';
import type { Gap, InstrumentRow, LatestPrice, StoreBatch, TickRow } from '@tapeline/database/market-store';
import type { Append } from '@tapeline/log/market-log';
import type { FoldOutput } from './fold/outputs.ts';
import { latestPriceOf } from './latest-price.ts';

export class ResultBatch {
  readonly #ticks: TickRow[] = [];
  readonly #bars: Bar[] = [];
  readonly #latest = new Map<string, LatestPrice>();
  readonly #gaps: Gap[] = [];
  readonly #instruments: InstrumentRow[] = [];
  readonly #deadLetters: DeadLetter[] = [];

  /** Takes one output in; `origin` says where its record stands, as `topic/partition@offset`. */
  add(output: FoldOutput, origin: string): void {
    switch (output.kind) {
      case 'tick':
        this.#ticks.push({ tick: output.tick, versionUs: output.versionUs });
        if (output.latest) this.#latest.set(output.tick.symbol, latestPriceOf(output.tick, output.versionUs));
        return;
      case 'bar':
        this.#bars.push(output.bar);
        return;
      case 'gap':
        this.#gaps.push({
          symbol: output.symbol,
          fromMs: output.fromMs,
          toMs: output.toMs,
          reason: output.reason,
          filled: false,
          versionUs: output.versionUs,
        });
        return;
      case 'instrument':
        this.#instruments.push({ instrument: output.instrument, versionUs: output.versionUs });
        return;
      case 'dead-letter':
        this.refuse({
          reason: output.reason,
          detail: output.detail,
          origin,
          timeMs: 'receivedTimeMs' in output.record ? output.record.receivedTimeMs : output.record.timeMs,
          value: JSON.stringify(output.record),
        });
        return;
      case 'repeated':
        return;
    }
  }

  /** Adds a dead letter for something that never reached the fold. */
  refuse(letter: Omit<DeadLetter, 'v' | 'kind'>): void {
    this.#deadLetters.push(deadLetter(letter));
  }

  get bars(): readonly Bar[] {
    return this.#bars;
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.#deadLetters;
  }

  get tickCount(): number {
    return this.#ticks.length;
  }

  /** Rows for the store; `undefined` when there are none. */
  rows(): StoreBatch | undefined {
    const isEmpty = this.#ticks.length + this.#bars.length + this.#gaps.length + this.#instruments.length === 0;
    if (isEmpty) return undefined;
    return { ticks: this.#ticks, bars: this.#bars, latest: [...this.#latest.values()], gaps: this.#gaps, instruments: this.#instruments };
  }

  /** Records for `market-data.bars` and `market-data.dead-letter`. */
  records(barPartitions: number): readonly Append[] {
    const bars = this.#bars.map(bar => ({
      topic: barsTopic.name,
      partition: partitionOf(bar.symbol, barPartitions),
      key: bar.symbol,
      value: Buffer.from(encodeBar(bar)),
    }));
    const letters = this.#deadLetters.map(letter => ({ topic: deadLetterTopic.name, partition: 0, value: encodeDeadLetter(letter) }));
    return [...bars, ...letters];
  }
}
