/** What the fold gave until it is flushed: rows for the store and records for the log. Used again and again, so that bars are no objects. */
import { type Alert, encodeAlert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import { type DeadLetter, deadLetter, encodeDeadLetter } from '@tapeline/core/dead-letters';
import { alertsTopic, deadLetterTopic } from '@tapeline/core/topics';
import type { Gap, InstrumentRow, LatestPrice, StoreBatch, TickRow } from '@tapeline/database/market-store';
import { RecordBlock } from '@tapeline/log/record-block';
import type { BarPartitions } from './bar-partitions.ts';
import type { FoldOutput } from './fold/outputs.ts';
import type { FoldResults, HotFold } from './hot/hot-fold.ts';
import { latestPriceOf } from './latest-price.ts';
import type { NotOwner } from './refused-feeds.ts';

/** Memory that a row takes on its way, about: its columns, its text for the log, its object and its place in the store's queue. */
const barBytes = 1_500;
const rowBytes = 500;

/** What becomes records at once: as text the bars of a busy minute of many symbols are larger than all else that a processor keeps. */
const barsOfPart = 2_048;

const noBars: readonly Bar[] = [];

export interface ResultBatchOptions {
  readonly storeTicks: boolean;
  readonly barPartitions: BarPartitions;
  /** @default nobody is told */
  readonly notOwner?: NotOwner | undefined;
}

export class ResultBatch {
  /** The fold writes here. */
  readonly results: FoldResults;
  readonly #fold: HotFold;
  #alerts: Alert[] = [];
  readonly #alertBlock = new RecordBlock({ topic: alertsTopic.name, partition: 0 });
  readonly #letters = new RecordBlock({ topic: deadLetterTopic.name, partition: 0 });
  readonly #refused = new Map<string, number>();
  readonly #repeated = new Map<string, number>();
  readonly #history = new Map<string, number>();
  readonly #barPartitions: BarPartitions;
  readonly #notOwner: NotOwner | undefined;
  #letterBytes = 0;
  #leavesLatest = false;

  constructor(fold: HotFold, options: ResultBatchOptions) {
    this.#fold = fold;
    this.results = fold.results(options);
    this.#barPartitions = options.barPartitions;
    this.#notOwner = options.notOwner;
  }

  /** Settles the outputs from the index `from` on that a record at `origin` made: what was refused is written down with its place. */
  note(from: number, origin: () => string): void {
    const { outputs } = this.results;
    let kept = from;
    for (let index = from; index < outputs.length; index += 1) {
      const output = outputs[index] as FoldOutput;
      if (this.#note(output, origin)) continue;
      outputs[kept] = output;
      kept += 1;
    }
    outputs.length = kept;
  }

  /** Adds a dead letter for what the fold could not use. */
  refuse(letter: Omit<DeadLetter, 'v' | 'kind'>): void {
    const value = encodeDeadLetter(deadLetter(letter));
    this.#letters.add(undefined, value, 0, value.length);
    this.#letterBytes += value.length;
    this.#refused.set(letter.reason, (this.#refused.get(letter.reason) ?? 0) + 1);
  }

  /** Memory that the batch takes until it is durable, about. Latest prices are not counted: there is one a symbol. */
  get byteLength(): number {
    return this.results.bars.count * barBytes + (this.results.outputs.length + this.#alerts.length) * rowBytes + this.#letterBytes;
  }

  /** True when there is neither anything to write nor to count, but for latest prices. */
  get isEmptyButLatest(): boolean {
    return this.byteLength === 0 && this.results.taken === 0 && this.#repeated.size === 0;
  }

  get isEmpty(): boolean {
    return this.isEmptyButLatest && !this.hasLatest;
  }

  get hasLatest(): boolean {
    return this.results.changedCount > 0 && !this.#leavesLatest;
  }

  /** Leaves the symbols whose latest price changed to a later batch. */
  leaveLatest(to: ResultBatch): void {
    for (let index = 0; index < this.results.changedCount; index += 1) to.results.change(this.results.changed(index));
    this.#leavesLatest = true;
  }

  /** Rules that were met. */
  get alerts(): readonly Alert[] {
    return this.#alerts;
  }

  /** Ticks that said nothing new, by why. */
  get repeated(): ReadonlyMap<string, number> {
    return this.#repeated;
  }

  /** History records that were taken in, by action. */
  get history(): ReadonlyMap<string, number> {
    return this.#history;
  }

  /** Dead letters, by reason. */
  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  /** Rows for the store, the latest prices as they are now; `undefined` when there are none. The bars are valid until `clear`. */
  rows(): StoreBatch | undefined {
    const ticks: TickRow[] = [];
    const gaps: Gap[] = [];
    const instruments: InstrumentRow[] = [];
    const alerts = this.#alerts;
    for (const output of this.results.outputs) {
      if (output.kind === 'tick') ticks.push({ tick: output.tick, versionUs: output.versionUs });
      else if (output.kind === 'instrument') instruments.push({ instrument: output.instrument, versionUs: output.versionUs });
      else if (output.kind === 'gap') gaps.push(gapOf(output));
    }
    const latest = this.hasLatest ? this.#latest() : [];
    const { bars } = this.results;
    if (ticks.length + bars.count + latest.length + gaps.length + instruments.length + alerts.length === 0) return undefined;
    return { ticks, bars: bars.count === 0 ? noBars : bars, latest, gaps, instruments, alerts };
  }

  /** How many parts `parts` gives. */
  get partCount(): number {
    const { bars } = this.results;
    if (bars.count > 0) return Math.ceil(bars.count / barsOfPart);
    return this.#alerts.length > 0 || this.#letters.count > 0 ? 1 : 0;
  }

  /**
   * Records for `market-data.bars`, `market-data.alerts` and `market-data.dead-letter`, those of one partition in the order in which they
   * were given out. Whoever asks for the next part, or whether there is one, has appended the last.
   */
  *parts(): Generator<readonly RecordBlock[], void, undefined> {
    const { bars } = this.results;
    const others = [this.#alertBlock, this.#letters];
    for (const alert of this.#alerts) this.#addAlert(alert);
    for (let part = 0; part < this.partCount; part += 1) {
      const from = part * barsOfPart;
      const blocks = this.#barPartitions.takeBlocks();
      this.#addBars(blocks, from, Math.min(from + barsOfPart, bars.count));
      yield [...blocks, ...(part === 0 ? others : [])].filter(({ count }) => count > 0);
      this.#barPartitions.giveBlocks(blocks);
    }
  }

  clear(): void {
    this.results.clear();
    // Not emptied: the rows that were written may still be looked at.
    this.#alerts = [];
    this.#alertBlock.clear();
    this.#letters.clear();
    this.#letterBytes = 0;
    this.#refused.clear();
    this.#repeated.clear();
    this.#history.clear();
    this.#leavesLatest = false;
  }

  #addBars(blocks: readonly RecordBlock[], from: number, to: number): void {
    const { bars } = this.results;
    const add = (index: number, bytes: Uint8Array, start: number, end: number) => {
      const slot = bars.slot(index);
      const partition = this.#barPartitions.of(slot) ?? this.#barPartitions.remember(slot, bars.symbol(index));
      blocks[partition]?.add(bars.symbolKey(index), bytes, start, end);
    };
    bars.eachText(add, from, to);
  }

  #addAlert(alert: Alert): void {
    const key = Buffer.from(alert.symbol ?? alert.feed ?? '');
    const value = encodeAlert(alert);
    this.#alertBlock.add(key, value, 0, value.length);
  }

  #latest(): LatestPrice[] {
    const { results } = this;
    return Array.from({ length: results.changedCount }, (_, index) => this.#fold.latestAt(results.changed(index))).flatMap(latest =>
      latest === undefined ? [] : latestPriceOf(latest.tick, latest.versionUs),
    );
  }

  /** True when nothing is left to do with the output. */
  #note(output: FoldOutput, origin: () => string): boolean {
    if (output.kind === 'repeated') {
      this.#repeated.set(output.why, (this.#repeated.get(output.why) ?? 0) + 1);
      return true;
    }
    if (output.kind === 'history') {
      this.#history.set(output.action, (this.#history.get(output.action) ?? 0) + 1);
      return true;
    }
    if (output.kind === 'alert') {
      this.#alerts.push(output.alert);
      return true;
    }
    if (output.kind !== 'dead-letter') return false;
    const { reason, detail, record } = output;
    if (reason === 'not-owner' && record.kind === 'tick') this.#notOwner?.(record.feed, detail);
    const timeMs = 'receivedTimeMs' in record ? record.receivedTimeMs : record.timeMs;
    this.refuse({ reason, detail, origin: origin(), timeMs, value: JSON.stringify(record) });
    return true;
  }
}

function gapOf({ kind: _, ...gap }: Extract<FoldOutput, { readonly kind: 'gap' }>): Gap {
  return gap;
}
