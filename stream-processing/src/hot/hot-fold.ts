/**
 * The fold over one partition of the log, fast: the twin of fold/partition-fold.ts, with its state in an engine of WebAssembly that
 * reads ticks from their bytes. The same records give the same outputs, byte for byte, wherever it is cut into snapshots.
 *
 * The everyday tick (its session goes on, its symbol is known and owned, it is not late) never becomes an object: the engine takes runs
 * of them in. It says no to all others, before it changes anything, and `apply` takes them as the records that they are.
 */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import type { FeedRecord, Tick } from '@tapeline/core/records';
import { AlertBook } from '../alerts/alert-book.ts';
import { type FoldOptions, type Level, levelsOf } from '../fold/levels.ts';
import type { FeedState } from '../fold/outputs.ts';
import { formatOf, originOf } from '../fold/snapshot-refusal.ts';
import { CoverageRows } from './coverage-rows.ts';
import { DecodedRecords, giveTick } from './decoded-records.ts';
import { EverydayTicks, type RecordRun, type RunProgress } from './everyday-ticks.ts';
import { FeedRows } from './feed-rows.ts';
import { FoldEngine, notTaken, takenAsLatest } from './fold-engine.ts';
import { FoldResults, type LatestTick } from './fold-results.ts';
import { none } from './growing.ts';
import { type LastRecord, type Origin, readSnapshot, type SnapshotHeader, snapshotLead } from './hot-snapshot.ts';
import { type NumberReader, NumberWriter } from './number-stream.ts';
import type { Ownership } from './observation.ts';
import { openBars } from './open-bars.ts';
import { SymbolNames } from './symbol-names.ts';
import { readSymbol, writeSymbol } from './symbol-snapshot.ts';
import { latestFeedColumn, latestTickOf, latestVersionColumn, type ShownPrice, shownPriceOf } from './tick-numbers.ts';

export type { FoldOptions } from '../fold/levels.ts';
export type { RecordRun, RunProgress } from './everyday-ticks.ts';
export type { FoldResults } from './fold-results.ts';

/** In a snapshot of all intervals, about: before there was one. */
const numbersOfSymbol = 600;

export class HotFold {
  readonly #options: FoldOptions;
  readonly #levels: readonly Level[];
  readonly #engine: FoldEngine;
  readonly #symbols: SymbolNames;
  readonly #coverage: CoverageRows;
  readonly #everyday: EverydayTicks;
  readonly #feeds: FeedRows;
  readonly #alerts: AlertBook;
  readonly #decoded: DecodedRecords;
  /** Where what the engine gives out goes, while it works: whoever is done with results is to be rid of them. */
  #results: FoldResults | undefined;
  /** How many numbers the last snapshot had for a symbol. */
  #numbersOfSymbol = numbersOfSymbol;

  /** @param saved what a snapshot says of the feeds and the rules */
  constructor(options: FoldOptions, saved: Partial<SnapshotHeader> = {}) {
    this.#options = options;
    this.#levels = levelsOf(options.intervals);
    this.#engine = new FoldEngine(options, this.#levels, {
      touchesGap: (slot, startMs, endMs) => this.#coverage.touchesGap(slot, startMs, endMs),
      advanceCoverage: (slot, horizonMs) => this.#coverage.advance(slot, horizonMs),
      takeBars: () => this.#results?.bars.take(),
    });
    this.#symbols = new SymbolNames(this.#engine);
    this.#coverage = new CoverageRows(this.#engine);
    this.#everyday = new EverydayTicks(this.#engine);
    this.#feeds = new FeedRows(options, this.#engine, saved.feeds, saved.feedNames);
    this.#alerts = new AlertBook(saved.alerts);
    const [engine, symbols, coverage, feeds, alerts] = [this.#engine, this.#symbols, this.#coverage, this.#feeds, this.#alerts];
    this.#decoded = new DecodedRecords({ options, engine, symbols, coverage, feeds, alerts });
  }

  /**
   * The fold that `encode` saved.
   * @throws PipelineError `snapshot.invalid` when it is no state of a fold with these options, with the remedy.
   */
  static decode(bytes: Uint8Array, options: FoldOptions): HotFold {
    return readSnapshot(bytes, options, (header, numbers) => {
      const fold = new HotFold(options, header);
      fold.#restore(header, numbers);
      return fold;
    });
  }

  /** The whole state, written by `numbers`, whose array it stands in: until that begins anew. */
  encode(numbers: NumberWriter = new NumberWriter(), lastRecord?: LastRecord): Uint8Array {
    const lead = snapshotLead({ ...this.#header(), lastRecord });
    numbers.begin(this.#expectedNumbers, lead.length);
    for (let slot = 0; slot < this.#symbols.size; slot += 1) writeSymbol(this.#engine, this.#coverage, slot, numbers);
    if (this.#symbols.size > 0) this.#numbersOfSymbol = numbers.length / this.#symbols.size;
    const bytes = numbers.bytes();
    bytes.set(lead);
    return bytes;
  }

  /** Memory that `encode` takes, about. */
  get snapshotBytes(): number {
    return 8 * this.#expectedNumbers;
  }

  /** That of what `encode` gives. */
  get snapshotFormat(): number {
    return formatOf(!this.#alerts.isEmpty);
  }

  /** What this fold gives out goes into such. */
  results(options: { readonly storeTicks: boolean } = { storeTicks: false }): FoldResults {
    return new FoldResults(this.#engine, this.#symbols, options.storeTicks);
  }

  /** The highest version given out so far. */
  get versionUs(): number {
    return this.#engine.functions.versionUs.value;
  }

  /**
   * Takes in the everyday ticks at the beginning of a run of records, at most `limit`, as our encoder writes them. It stops before the
   * first record that is none: give that one to `apply`.
   */
  applyRun(run: RecordRun, limit: number, results: FoldResults): RunProgress {
    if (results.storeTicks) return { count: 0, byteLength: 0, nextOffset: run.fromOffset, isStopped: true };
    this.#results = results;
    const progress = this.#everyday.takeRun(run, limit);
    results.taken += progress.count;
    this.#take(results);
    return progress;
  }

  /**
   * Takes the record in `bytes[start, end)` in if it is an everyday tick as our encoder writes it. False: it was not taken and nothing
   * has changed; decode it and call `apply`.
   */
  applyTick(bytes: Uint8Array, start: number, end: number, results: FoldResults): boolean {
    this.#results = results;
    const outcome = this.#everyday.take(bytes, start, end, this.#feeds);
    if (outcome === notTaken) {
      this.#results = undefined;
      return false;
    }
    results.taken += 1;
    if (results.storeTicks) giveTick(this.#engine, this.#everyday.lastTick(this.#feeds), outcome === takenAsLatest, results);
    this.#take(results);
    return true;
  }

  /** Takes the next record of the partition in; `results` gets what follows from it, in order. */
  apply(record: FeedRecord, results: FoldResults): void {
    const { functions } = this.#engine;
    this.#results = results;
    functions.advanceClock('receivedTimeMs' in record ? record.receivedTimeMs : record.timeMs);
    this.#decoded.apply(record, results);
    this.#take(results);
  }

  /** Passes a record over that is none of ours; it has a version all the same, so that a snapshot after it is a newer one. */
  passOver(): void {
    this.#engine.functions.setVersionUs(this.versionUs + 1);
  }

  /** The newest open bar of a symbol: a hint for screens, not an output. */
  forming(symbol: string, interval: Interval): Bar | undefined {
    return this.openBars(symbol, interval).at(-1);
  }

  /** All open bars of a symbol, oldest first. */
  openBars(symbol: string, interval: Interval): Bar[] {
    const level = this.#levels.findIndex(candidate => candidate.interval === interval);
    const slot = this.#symbols.slotOf(symbol);
    if (level < 0 || slot < 0) return [];
    return openBars({ symbol, slot, level, levels: this.#levels, engine: this.#engine });
  }

  /** Who owns the symbol, or since when nobody does; `undefined` where nobody ever did. */
  ownership(symbol: string): Ownership | undefined {
    return this.#decoded.observation.ownership(symbol);
  }

  feeds(): readonly FeedState[] {
    return this.#feeds.states();
  }

  /** Symbols of this partition, in the order in which the log named them. */
  symbols(): readonly string[] {
    return this.#symbols.all();
  }

  latestTick(symbol: string): Tick | undefined {
    const slot = this.#symbols.slotOf(symbol);
    return slot < 0 ? undefined : this.latestAt(slot)?.tick;
  }

  /** What screens show of the symbol's latest tick. */
  shownPrice(symbol: string): ShownPrice | undefined {
    const slot = this.#symbols.slotOf(symbol);
    if (slot < 0) return undefined;
    const { functions, numbers, wholes } = this.#engine;
    const row = functions.symbolRowAt(slot);
    return wholes[row / 4 + latestFeedColumn] === none ? undefined : shownPriceOf(numbers, row / 8, symbol);
  }

  /** The name of the symbol with this number. */
  symbolAt(slot: number): string {
    return this.#symbols.name(slot);
  }

  /** The latest tick of the symbol with this number, and the version of its row. */
  latestAt(slot: number): LatestTick | undefined {
    const { functions, numbers, wholes } = this.#engine;
    const row = functions.symbolRowAt(slot);
    const feed = wholes[row / 4 + latestFeedColumn] as number;
    if (feed === none) return undefined;
    const tick = latestTickOf(numbers, row / 8, this.#feeds.name(feed), this.#symbols.name(slot));
    return { tick, versionUs: numbers[row / 8 + latestVersionColumn] as number };
  }

  #take(results: FoldResults): void {
    results.take();
    this.#results = undefined;
  }

  get #expectedNumbers(): number {
    return Math.ceil(this.#numbersOfSymbol * this.#symbols.size);
  }

  #header(): SnapshotHeader {
    const epochMs = this.#engine.functions.epochMs();
    const alerts = this.#alerts.state;
    return {
      ...originOf(this.#options, !this.#alerts.isEmpty),
      versionUs: this.versionUs,
      feeds: this.#feeds.states(),
      feedNames: this.#feeds.names(),
      symbols: this.symbols(),
      ...(Number.isNaN(epochMs) ? {} : { epochMs }),
      origins: this.#origins(),
      ...(alerts === undefined ? {} : { alerts }),
    };
  }

  #origins(): Origin[] {
    const { functions, numbers } = this.#engine;
    return Array.from({ length: functions.originCount() }, (_, index) => {
      const at = functions.originAt(index) / 8;
      return [...numbers.subarray(at, at + 5)] as unknown as Origin;
    });
  }

  #restore(header: SnapshotHeader, numbers: NumberReader): void {
    const { functions } = this.#engine;
    functions.setVersionUs(header.versionUs);
    functions.setEpochMs(header.epochMs ?? Number.NaN);
    for (const origin of header.origins) functions.addOrigin(...origin);
    const bounds = { levels: this.#levels, feeds: this.#feeds.names().length, origins: header.origins.length };
    const target = { engine: this.#engine, coverage: this.#coverage, bounds };
    for (const name of header.symbols) readSymbol(target, this.#symbols.add(name), numbers);
  }
}
