/**
 * The fold over one partition of the log, fast: the twin of fold/partition-fold.ts, with the state in rows of numbers and ticks read
 * from their bytes. The same records give the same outputs, byte for byte, wherever it is cut into snapshots.
 *
 * The everyday tick (its session goes on, its symbol is known and owned, it is not late) never becomes an object; `applyTick` says no
 * to all others, before it changes anything, and `apply` takes them as the records that they are.
 */
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import { partitionOf } from '@tapeline/core/partitioner';
import type { FeedRecord, GapRecord, Heartbeat, SessionRecord, Tick } from '@tapeline/core/records';
import { endAbsence, endless } from '../fold/coverage.ts';
import type { SessionChange } from '../fold/feed-table.ts';
import { type FoldOptions, type Level, levelsOf } from '../fold/levels.ts';
import type { FeedState } from '../fold/outputs.ts';
import { foldFormat } from '../fold/snapshot-refusal.ts';
import type { BarBlock } from './bar-block.ts';
import { CoverageRows } from './coverage-rows.ts';
import { FeedRows } from './feed-rows.ts';
import { FoldResults, type LatestTick } from './fold-results.ts';
import { none } from './growing.ts';
import { readSnapshot, type SnapshotHeader, snapshotOf } from './hot-snapshot.ts';
import { type NumberReader, NumberWriter } from './number-stream.ts';
import { openBars } from './open-bars.ts';
import { SymbolRows } from './symbol-rows.ts';
import { SymbolTable } from './symbol-table.ts';
import { SymbolWindows } from './symbol-windows.ts';
import type { TickScan } from './tick-scan.ts';
import { TickScanner } from './tick-scanner.ts';
import { VersionClock } from './version-clock.ts';
import type { VolumeStep } from './window-row.ts';

export type { FoldOptions } from '../fold/levels.ts';
export type { FoldResults } from './fold-results.ts';

export class HotFold {
  readonly #options: FoldOptions;
  readonly #levels: readonly Level[];
  readonly #clock = new VersionClock();
  readonly #scanner = new TickScanner();
  readonly #symbols = new SymbolTable();
  readonly #coverage = new CoverageRows();
  readonly #rows = new SymbolRows();
  readonly #windows: SymbolWindows;
  readonly #step: VolumeStep = { volume: Number.NaN, exact: false };
  /** So far behind the watermark no window that can begin any more ends. */
  readonly #goneMs: number;
  #feeds: FeedRows;
  /** Index of each of the scanner's feeds among ours. */
  readonly #scannedFeeds: number[] = [];

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#levels = levelsOf(options.intervals);
    const smallestMs = intervalMs((this.#levels[0] as Level).interval);
    this.#goneMs = Math.max(options.allowedLatenessMs, options.correctionHorizonMs) + smallestMs;
    this.#feeds = new FeedRows();
    this.#windows = new SymbolWindows({
      levels: this.#levels,
      allowedLatenessMs: options.allowedLatenessMs,
      correctionHorizonMs: options.correctionHorizonMs,
      clock: this.#clock,
      coverage: this.#coverage,
    });
  }

  /**
   * The fold that `encode` saved.
   * @throws PipelineError `snapshot.invalid` when it is no state of a fold with these options, with the remedy.
   */
  static decode(bytes: Uint8Array, options: FoldOptions): HotFold {
    return readSnapshot(bytes, options, (header, numbers) => {
      const fold = new HotFold(options);
      fold.#restore(header, numbers);
      return fold;
    });
  }

  /** The whole state. */
  encode(): Uint8Array {
    const numbers = new NumberWriter();
    for (let slot = 0; slot < this.#symbols.size; slot += 1) {
      this.#rows.write(slot, numbers);
      this.#coverage.write(slot, numbers);
      this.#windows.write(slot, numbers);
    }
    const header = {
      format: foldFormat,
      intervals: this.#levels.map(level => level.interval),
      partitions: this.#options.partitions,
      versionUs: this.#clock.versionUs,
      feeds: this.#feeds.states(),
      feedNames: this.#feeds.names(),
      symbols: this.symbols(),
      ...this.#windows.header(),
    };
    return snapshotOf(header, numbers.bytes());
  }

  /** What this fold gives out goes into such. */
  results(options: { readonly storeTicks: boolean } = { storeTicks: false }): FoldResults {
    return new FoldResults(this.#symbols, options.storeTicks);
  }

  /** The highest version given out so far. */
  get versionUs(): number {
    return this.#clock.versionUs;
  }

  /**
   * Takes the record in `bytes[start, end)` in if it is an everyday tick as our encoder writes it. False: it was not taken and nothing
   * has changed; decode it and call `apply`.
   */
  applyTick(bytes: Uint8Array, start: number, end: number, results: FoldResults): boolean {
    if (!this.#scanner.scan(bytes, start, end)) return false;
    const { tick } = this.#scanner;
    const slot = this.#symbols.slotOf(bytes, tick.symbolStart, tick.symbolEnd);
    if (slot < 0) return false;
    const feed = this.#scannedFeeds[tick.feed] ?? this.#scannedFeed(tick.feed);
    const rows = this.#rows;
    const watermarkMs = rows.watermarks[slot] as number;
    if (
      this.#feeds.session(feed) !== tick.session ||
      rows.owners[slot] !== feed ||
      !rows.isSameSession(slot, feed, tick.session) ||
      tick.sequence <= rows.heardSequence(slot) ||
      this.#windows.isTooLate(tick, watermarkMs)
    )
      return false;
    this.#clock.advance(tick.receivedTimeMs);
    this.#feeds.receiveNow(feed, tick.receivedTimeMs);
    rows.hear(slot, feed, tick);
    this.#take(slot, feed, tick, undefined, results);
    return true;
  }

  /** Takes the next record of the partition in; `results` gets what follows from it, in order. */
  apply(record: FeedRecord, results: FoldResults): void {
    this.#clock.advance('receivedTimeMs' in record ? record.receivedTimeMs : record.timeMs);
    switch (record.kind) {
      case 'tick':
        return this.#applyTick(record, results);
      case 'heartbeat':
        return this.#applyHeartbeat(record, results.bars);
      case 'session':
        return this.#applySession(record, results);
      case 'gap':
        return this.#applyGap(record, results);
      case 'instrument':
        results.outputs.push({ kind: 'instrument', instrument: record, versionUs: this.#clock.next() });
        return;
      case 'history': {
        const detail = 'kind: this version takes no history records in';
        results.outputs.push({ kind: 'dead-letter', reason: 'unknown', detail, record });
        return;
      }
      case 'alert-rules':
        return;
    }
  }

  /** Passes a record over that is none of ours; it has a version all the same, so that a snapshot after it is a newer one. */
  passOver(): void {
    this.#clock.versionUs += 1;
  }

  /** The newest open bar of a symbol: a hint for screens, not an output. */
  forming(symbol: string, interval: Interval): Bar | undefined {
    return this.openBars(symbol, interval).at(-1);
  }

  /** All open bars of a symbol, oldest first. */
  openBars(symbol: string, interval: Interval): Bar[] {
    const level = this.#levels.findIndex(candidate => candidate.interval === interval);
    const slot = this.#symbols.slotOfName(symbol);
    if (level < 0 || slot < 0) return [];
    return openBars({ symbol, slot, level, levels: this.#levels, windows: this.#windows, coverage: this.#coverage });
  }

  feeds(): readonly FeedState[] {
    return this.#feeds.states();
  }

  /** Symbols of this partition, in the order in which the log named them. */
  symbols(): readonly string[] {
    return Array.from({ length: this.#symbols.size }, (_, slot) => this.#symbols.name(slot));
  }

  latestTick(symbol: string): Tick | undefined {
    const slot = this.#symbols.slotOfName(symbol);
    return slot < 0 ? undefined : this.latestAt(slot)?.tick;
  }

  /** The latest tick of the symbol with this number, and the version of its row. */
  latestAt(slot: number): LatestTick | undefined {
    const feed = this.#rows.latestFeed(slot);
    if (feed === none) return undefined;
    const tick = this.#rows.latest(slot).tick(this.#feeds.name(feed), this.#symbols.name(slot));
    return { tick, versionUs: this.#rows.latestVersionUs(slot) };
  }

  #restore(header: SnapshotHeader, numbers: NumberReader): void {
    this.#clock.versionUs = header.versionUs;
    this.#feeds = new FeedRows(header.feeds, header.feedNames);
    this.#windows.restore(header);
    for (const name of header.symbols) {
      const slot = this.#newSlot(name);
      this.#rows.read(slot, numbers);
      this.#coverage.read(slot, numbers);
      this.#windows.read(slot, numbers);
    }
  }

  #applyTick(tick: Tick, results: FoldResults): void {
    const { outputs } = results;
    const feed = this.#feeds.indexOf(tick.feed);
    if (!this.#feeds.receive(feed, tick.session, tick.receivedTimeMs)) {
      const detail = `session: ${tick.session} of ${tick.feed} is over`;
      outputs.push({ kind: 'dead-letter', reason: 'not-owner', detail, record: tick });
      return;
    }
    const slot = this.#slotOf(tick.symbol, feed, tick.receivedTimeMs);
    if (this.#rows.owners[slot] === none) this.#takeOver(slot, feed, 'it was not subscribed', results);
    const owner = this.#rows.owners[slot] as number;
    if (owner !== feed) {
      const detail = `feed: ${tick.symbol} belongs to ${this.#feeds.name(owner)}`;
      outputs.push({ kind: 'dead-letter', reason: 'not-owner', detail, record: tick });
      return;
    }
    this.#applyOwned(slot, feed, tick, results);
  }

  #applyOwned(slot: number, feed: number, tick: Tick, results: FoldResults): void {
    const rows = this.#rows;
    const fields = this.#scanner.tick;
    fields.load(tick, none);
    const isNewSession = rows.hasHeard(slot) && !rows.isSameSession(slot, feed, tick.session);
    if (rows.hasHeard(slot) && !isNewSession && tick.sequence <= rows.heardSequence(slot)) {
      this.#clock.next();
      results.outputs.push({ kind: 'repeated', why: 'duplicate', tick });
      return;
    }
    rows.hear(slot, feed, fields);
    if (isNewSession && rows.repeats(slot, fields)) {
      this.#clock.next();
      rows.readVolume(slot, feed, fields, this.#step);
      rows.keepPrevious(slot, fields);
      results.outputs.push({ kind: 'repeated', why: 'resent', tick });
      return;
    }
    const watermarkMs = rows.watermarks[slot] as number;
    if (this.#windows.isTooLate(fields, watermarkMs)) {
      this.#clock.next();
      const detail = `timeMs: its window ended more than ${this.#options.correctionHorizonMs} ms before the watermark ${watermarkMs}`;
      results.outputs.push({ kind: 'dead-letter', reason: 'late', detail, record: tick });
      return;
    }
    this.#take(slot, feed, fields, tick, results);
  }

  /** Takes a tick into its windows that is neither repeated nor late. */
  #take(slot: number, feed: number, fields: TickScan, tick: Tick | undefined, results: FoldResults): void {
    const rows = this.#rows;
    const versionUs = this.#clock.next();
    rows.readVolume(slot, feed, fields, this.#step);
    const isLatest = rows.keep(slot, feed, fields, versionUs);
    if (isLatest) results.change(slot);
    results.taken += 1;
    if (results.storeTicks) {
      const stored = tick ?? fields.tick(this.#feeds.name(feed), this.#symbols.name(slot));
      results.outputs.push({ kind: 'tick', tick: stored, versionUs, latest: isLatest });
    }
    this.#windows.take(slot, fields, this.#step, rows.watermarks[slot] as number, results.bars);
  }

  #applyHeartbeat(record: Heartbeat, bars: BarBlock): void {
    const watermarkMs = this.#feeds.beat(record);
    if (watermarkMs === undefined) return;
    const feed = this.#feeds.indexOf(record.feed);
    const { timeFeeds } = this.#rows;
    const { size } = this.#symbols;
    for (let slot = 0; slot < size; slot += 1) {
      if (timeFeeds[slot] === feed) this.#advance(slot, watermarkMs, bars);
    }
  }

  /** Event time of a symbol moves on: closes what is over, shorter windows first, and lets go of what can no longer change. */
  #advance(slot: number, watermarkMs: number, bars: BarBlock): void {
    const { watermarks } = this.#rows;
    if (watermarkMs <= (watermarks[slot] as number)) return;
    watermarks[slot] = watermarkMs;
    if (watermarkMs >= (this.#windows.nextCloseMs[slot] as number)) this.#windows.close(slot, watermarkMs, bars);
    this.#coverage.advance(slot, watermarkMs - this.#goneMs);
  }

  #applySession(record: SessionRecord, results: FoldResults): void {
    const change = this.#feeds.begin(record);
    if (change === undefined) {
      const detail = `session: ${record.session} of ${record.feed} is over`;
      results.outputs.push({ kind: 'dead-letter', reason: 'not-owner', detail, record });
      return;
    }
    const feed = this.#feeds.indexOf(record.feed);
    for (let slot = 0; slot < this.#symbols.size; slot += 1) {
      if (this.#rows.owners[slot] === feed) this.#goOn(slot, change, results);
    }
    for (const name of change.symbols) {
      if (partitionOf(name, this.#options.partitions) !== this.#options.partition) continue;
      const slot = this.#symbols.slotOfName(name);
      if (slot < 0) this.#slotOf(name, feed, record.timeMs);
      else if (this.#rows.owners[slot] !== feed) this.#takeOver(slot, feed, change.reason, results);
    }
  }

  /** A symbol whose feed began a new session: a gap when it is in it again, absent from now on when it is not. */
  #goOn(slot: number, change: SessionChange, results: FoldResults): void {
    if (!change.symbols.has(this.#symbols.name(slot))) {
      this.#rows.owners[slot] = none;
      const fromMs = Math.max(change.givenUpSinceMs, this.latestAt(slot)?.tick.receivedTimeMs ?? 0);
      this.#coverage.of(slot).absentSinceMs = fromMs;
      this.#windows.touch(slot, { fromMs, toMs: endless }, this.#rows.watermarks[slot] as number, results.bars);
      return;
    }
    if (change.absentSinceMs !== undefined) this.#gap(slot, change.absentSinceMs, change.startMs, change.reason, results);
  }

  /** A symbol that the feed did not own before: its own absence, if it had one, ends here, and what is over by the feed's watermark closes. */
  #takeOver(slot: number, feed: number, reason: string, results: FoldResults): void {
    const owner = this.#rows.owners[slot] as number;
    const former = owner === none ? undefined : this.#feeds.get(owner);
    const lostSinceMs = former === undefined || former.connected ? undefined : (former.lastDataMs ?? former.sessionStartMs);
    const coverage = this.#coverage.of(slot);
    const { absentSinceMs } = coverage;
    this.#own(slot, feed);
    endAbsence(coverage);
    const { sessionStartMs, lastDataMs, watermarkMs } = this.#feeds.get(feed) as FeedState;
    // Given up and taken up again in one session: until the last price before.
    const isWithin = absentSinceMs !== undefined && absentSinceMs >= sessionStartMs;
    const toMs = isWithin ? Math.max(lastDataMs ?? 0, absentSinceMs + 1) : sessionStartMs;
    const sinceMs = absentSinceMs ?? lostSinceMs;
    if (sinceMs !== undefined) this.#gap(slot, sinceMs, toMs, reason, results);
    this.#advance(slot, watermarkMs, results.bars);
  }

  #applyGap(record: GapRecord, results: FoldResults): void {
    const feed = this.#feeds.indexOf(record.feed);
    for (const name of record.symbols) {
      const slot = this.#symbols.slotOfName(name);
      if (slot >= 0 && this.#rows.owners[slot] === feed) this.#gap(slot, record.fromMs, record.toMs, record.reason, results);
    }
  }

  #gap(slot: number, fromMs: number, toMs: number, reason: string, results: FoldResults): void {
    if (toMs <= fromMs) return;
    const versionUs = this.#clock.next();
    results.outputs.push({ kind: 'gap', symbol: this.#symbols.name(slot), fromMs, toMs, reason, versionUs });
    this.#windows.touch(slot, { fromMs, toMs }, this.#rows.watermarks[slot] as number, results.bars);
  }

  /** The slot of a symbol; one that is seen for the first time begins here, owned by the feed. */
  #slotOf(name: string, feed: number, sinceMs: number): number {
    const known = this.#symbols.slotOfName(name);
    if (known >= 0) return known;
    const slot = this.#newSlot(name);
    this.#coverage.begin(slot, sinceMs);
    this.#own(slot, feed);
    this.#rows.watermarks[slot] = this.#feeds.get(feed)?.watermarkMs ?? 0;
    return slot;
  }

  #newSlot(name: string): number {
    const slot = this.#symbols.addName(name);
    this.#coverage.reserve(slot + 1);
    this.#rows.reserve(slot + 1);
    this.#windows.reserve(slot + 1);
    this.#rows.begin(slot);
    this.#windows.begin(slot);
    return slot;
  }

  /** From here on the feed's heartbeats close the symbol's windows. */
  #own(slot: number, feed: number): void {
    this.#rows.owners[slot] = feed;
    this.#rows.timeFeeds[slot] = feed;
  }

  #scannedFeed(scanned: number): number {
    const feed = this.#feeds.indexOf(this.#scanner.feedName(scanned));
    this.#scannedFeeds[scanned] = feed;
    return feed;
  }
}
