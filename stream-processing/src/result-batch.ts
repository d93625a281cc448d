/** Gathers what the fold gives until it is flushed: rows for the store and records for the log. */
import { type Bar, encodeBar } from '@tapeline/core/bars';
import { type DeadLetter, deadLetter, encodeDeadLetter } from '@tapeline/core/dead-letters';
import type { Interval } from '@tapeline/core/intervals';
import { partitionOf } from '@tapeline/core/partitioner';
import { barsTopic, deadLetterTopic } from '@tapeline/core/topics';
import type { Gap, InstrumentRow, LatestPrice, StoreBatch, TickRow } from '@tapeline/database/market-store';
import { RecordBlock } from '@tapeline/log/record-block';
import type { FoldOutput } from './fold/outputs.ts';
import { latestPriceOf } from './latest-price.ts';

/** Memory that a row takes on its way, about: the object, its text for the log, its place in the store's queue. */
const barBytes = 1_500;
const rowBytes = 500;
/** A letter is kept as an object and as JSON, in which a character may take six bytes. */
const bytesOfCharacter = 4;

export class ResultBatch {
  readonly #ticks: TickRow[] = [];
  readonly #bars: Bar[] = [];
  readonly #gaps: Gap[] = [];
  readonly #instruments: InstrumentRow[] = [];
  readonly #deadLetters: DeadLetter[] = [];
  readonly #repeated = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  #latest: Map<string, LatestPrice>;
  #letterBytes = 0;

  /** `latest` are prices that an earlier batch left to this one. */
  constructor(latest = new Map<string, LatestPrice>()) {
    this.#latest = latest;
  }

  /** Takes one output in; `origin` says where its record stands, as `topic/partition@offset`. */
  add(output: FoldOutput, origin: () => string): void {
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
          origin: origin(),
          timeMs: 'receivedTimeMs' in output.record ? output.record.receivedTimeMs : output.record.timeMs,
          value: JSON.stringify(output.record),
        });
        return;
      case 'repeated':
        this.#repeated.set(output.why, (this.#repeated.get(output.why) ?? 0) + 1);
        return;
    }
  }

  /** Adds a dead letter for something that never reached the fold. */
  refuse(letter: Omit<DeadLetter, 'v' | 'kind'>): void {
    const fitting = deadLetter(letter);
    this.#deadLetters.push(fitting);
    this.#refused.set(fitting.reason, (this.#refused.get(fitting.reason) ?? 0) + 1);
    this.#letterBytes += rowBytes + fitting.value.length * bytesOfCharacter;
  }

  /** Memory that the batch takes until it is durable, about. Latest prices are not counted: there is one a symbol. */
  get byteLength(): number {
    const rows = this.#ticks.length + this.#gaps.length + this.#instruments.length;
    return this.#bars.length * barBytes + rows * rowBytes + this.#letterBytes;
  }

  get isEmpty(): boolean {
    return this.byteLength === 0 && this.#latest.size === 0 && this.#repeated.size === 0;
  }

  get hasLatest(): boolean {
    return this.#latest.size > 0;
  }

  get tickCount(): number {
    return this.#ticks.length;
  }

  /** How many bars of each interval there are, and how many of all were given out before. */
  barCounts(): { readonly byInterval: ReadonlyMap<Interval, number>; readonly corrections: number } {
    const byInterval = new Map<Interval, number>();
    let corrections = 0;
    for (const { interval, revision } of this.#bars) {
      byInterval.set(interval, (byInterval.get(interval) ?? 0) + 1);
      if (revision > 0) corrections += 1;
    }
    return { byInterval, corrections };
  }

  /** Ticks that said nothing new, by why. */
  get repeated(): ReadonlyMap<string, number> {
    return this.#repeated;
  }

  /** Dead letters, by reason. */
  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  /** Takes the latest prices out, for a later batch. */
  takeLatest(): Map<string, LatestPrice> {
    const taken = this.#latest;
    this.#latest = new Map();
    return taken;
  }

  /** Rows for the store; `undefined` when there are none. */
  rows(): StoreBatch | undefined {
    const count = this.#ticks.length + this.#bars.length + this.#latest.size + this.#gaps.length + this.#instruments.length;
    if (count === 0) return undefined;
    return { ticks: this.#ticks, bars: this.#bars, latest: [...this.#latest.values()], gaps: this.#gaps, instruments: this.#instruments };
  }

  /** Records for `market-data.bars` and `market-data.dead-letter`, those of one partition in the order in which they were given out. */
  blocks(barPartitions: number): readonly RecordBlock[] {
    const byPartition = new Map<number, RecordBlock>();
    for (const bar of this.#bars) {
      const partition = partitionOf(bar.symbol, barPartitions);
      const block = byPartition.get(partition) ?? new RecordBlock({ topic: barsTopic.name, partition });
      byPartition.set(partition, block);
      addValue(block, bar.symbol, Buffer.from(encodeBar(bar)));
    }
    if (this.#deadLetters.length === 0) return [...byPartition.values()];
    const letters = new RecordBlock({ topic: deadLetterTopic.name, partition: 0 });
    for (const letter of this.#deadLetters) addValue(letters, undefined, encodeDeadLetter(letter));
    return [...byPartition.values(), letters];
  }
}

function addValue(block: RecordBlock, key: string | undefined, value: Uint8Array): void {
  block.add(key === undefined ? undefined : Buffer.from(key), value, 0, value.length);
}
