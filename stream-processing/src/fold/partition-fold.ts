/**
 * The fold over one partition of the log: `(state, record) → (state, outputs)`. No clock, no randomness, no I/O and no order but the
 * log's, so the same records give the same outputs, byte for byte, wherever it is cut into snapshots.
 */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import { parseAlertRules } from '@tapeline/core/parse-alert-rules';
import { partitionOf } from '@tapeline/core/partitioner';
import type { AlertRulesRecord, FeedRecord, GapRecord, Heartbeat, HistoryRecord, SessionRecord, Tick } from '@tapeline/core/records';
import { AlertBook, type AlertBookState, type GiveAlert } from '../alerts/alert-book.ts';
import { endAbsence, endless } from './coverage.ts';
import { begunMsOf, FeedTable, type SessionChange, takeOverReason } from './feed-table.ts';
import { outputsOfHistory } from './history.ts';
import { type FoldOptions, type Level, levelsOf } from './levels.ts';
import type { FeedState, FoldOutput } from './outputs.ts';
import { originOf, refuseOther, type SnapshotOrigin, unreadable } from './snapshot-refusal.ts';
import { SymbolFold, type SymbolState } from './symbol-fold.ts';
import { barOf } from './window.ts';

export type { FoldOptions } from './levels.ts';

export type Emit = (output: FoldOutput) => void;

interface FoldState extends SnapshotOrigin {
  readonly versionUs: number;
  readonly feeds: readonly FeedState[];
  readonly symbols: readonly SymbolState[];
  /** Absent while there are no rules. */
  readonly alerts?: AlertBookState | undefined;
}

export class PartitionFold {
  readonly #options: FoldOptions;
  readonly #levels: readonly Level[];
  readonly #feeds: FeedTable;
  readonly #symbols = new Map<string, SymbolFold>();
  readonly #alerts: AlertBook;
  #versionUs = 0;
  /** Only within `apply`, so it is no part of the state. */
  #isVersionFree = false;

  constructor(options: FoldOptions, feeds = new FeedTable(options), alerts = new AlertBook()) {
    this.#options = options;
    this.#levels = levelsOf(options.intervals);
    this.#feeds = feeds;
    this.#alerts = alerts;
  }

  /**
   * The fold that `encode` saved.
   * @throws PipelineError `snapshot.invalid` when it is no state of a fold with these options, with the remedy.
   */
  static decode(bytes: Uint8Array, options: FoldOptions): PartitionFold {
    const state = parseState(bytes, options);
    try {
      const fold = new PartitionFold(options, new FeedTable(options, state.feeds), new AlertBook(state.alerts));
      fold.#versionUs = state.versionUs;
      for (const symbol of state.symbols) fold.#symbols.set(symbol.symbol, new SymbolFold(symbol, fold.#levels, options));
      return fold;
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** The whole state as UTF-8 JSON. */
  encode(): Uint8Array {
    const alerts = this.#alerts.state;
    const state: FoldState = {
      ...originOf(this.#options, !this.#alerts.isEmpty),
      versionUs: this.#versionUs,
      feeds: this.#feeds.states(),
      symbols: [...this.#symbols.values()].map(symbol => symbol.state),
      ...(alerts === undefined ? {} : { alerts }),
    };
    return new TextEncoder().encode(JSON.stringify(state));
  }

  /** The highest version given out so far. */
  get versionUs(): number {
    return this.#versionUs;
  }

  /** Takes the next record of the partition in and gives out what follows from it, in order. */
  apply(record: FeedRecord, emit: Emit): void {
    this.#advanceVersion('receivedTimeMs' in record ? record.receivedTimeMs : record.timeMs);
    switch (record.kind) {
      case 'tick':
        return this.#applyTick(record, emit);
      case 'heartbeat':
        return this.#applyHeartbeat(record, emit);
      case 'session':
        return this.#applySession(record, emit);
      case 'gap':
        return this.#applyGap(record, emit);
      case 'instrument':
        return emit({ kind: 'instrument', instrument: record, versionUs: this.#nextVersion() });
      case 'history':
        return this.#applyHistory(record, emit);
      case 'alert-rules':
        return this.#applyRules(record, emit);
    }
  }

  /** Passes a record over that is none of ours; it has a version all the same, so that a snapshot after it is a newer one. */
  passOver(): void {
    this.#versionUs += 1;
  }

  /** The newest open bar of a symbol: a hint for screens, not an output. */
  forming(symbol: string, interval: Interval): Bar | undefined {
    return this.openBars(symbol, interval).at(-1);
  }

  /** All open bars of a symbol, oldest first. */
  openBars(symbol: string, interval: Interval): Bar[] {
    const level = this.#levels.findIndex(candidate => candidate.interval === interval);
    return level < 0 ? [] : (this.#symbols.get(symbol)?.open(level) ?? []);
  }

  feeds(): readonly FeedState[] {
    return this.#feeds.states();
  }

  /** Symbols of this partition, in the order in which the log named them. */
  symbols(): readonly string[] {
    return [...this.#symbols.keys()];
  }

  latestTick(symbol: string): Tick | undefined {
    return this.#symbols.get(symbol)?.state.latest;
  }

  #applyTick(tick: Tick, emit: Emit): void {
    if (!this.#feeds.receive(tick.feed, tick.session, tick.receivedTimeMs)) {
      return emit({ kind: 'dead-letter', reason: 'not-owner', detail: `session: ${tick.session} of ${tick.feed} is over`, record: tick });
    }
    const symbol = this.#observed(tick.symbol) ?? this.#firstSeen(tick.symbol, tick.feed, tick.receivedTimeMs);
    if (symbol.state.owner === undefined) this.#takeOver(symbol, tick.feed, emit);
    if (symbol.state.owner !== tick.feed) {
      return emit({
        kind: 'dead-letter',
        reason: 'not-owner',
        detail: `feed: ${tick.symbol} belongs to ${symbol.state.owner}`,
        record: tick,
      });
    }
    const corrected: FoldOutput[] = [];
    const versionUs = this.#nextVersion();
    const keep: Emit = output => corrected.push(output);
    const outcome = symbol.take(tick, this.#barsTo(keep, symbol));
    if (outcome === 'repeated') return emit({ kind: 'repeated', why: 'resent', tick });
    if (outcome === 'duplicate') return emit({ kind: 'repeated', why: 'duplicate', tick });
    if (outcome === 'late') {
      const detail = `timeMs: its window ended more than ${this.#options.correctionHorizonMs} ms before the watermark ${symbol.state.watermarkMs}`;
      return emit({ kind: 'dead-letter', reason: 'late', detail, record: tick });
    }
    emit({ kind: 'tick', tick, versionUs, latest: symbol.state.latest === tick });
    for (const output of corrected) emit(output);
  }

  #applyHeartbeat(record: Heartbeat, emit: Emit): void {
    const { versionUs } = this;
    const watermarkMs = this.#feeds.beat(record);
    const feed = this.#feeds.get(record.feed);
    if (feed?.session !== record.session) return;
    const beat = { feed, timeMs: record.timeMs, versionUs };
    if (watermarkMs === undefined) {
      // All partitions hear of a feed, one tells of it.
      if (this.#options.partition === 0) this.#alerts.feedAway(beat, alertsTo(emit));
      return;
    }
    for (const symbol of this.#symbols.values()) {
      if (symbol.state.timeFeed === record.feed) symbol.advance(watermarkMs, this.#closingsTo(emit, symbol));
    }
    if (record.timeMs - begunMsOf(feed) <= this.#alerts.quietMs) return;
    for (const { state } of this.#symbols.values()) {
      const lastMs = state.latest?.receivedTimeMs ?? 0;
      if (state.owner === record.feed) this.#alerts.symbolQuiet(state.symbol, lastMs, beat, alertsTo(emit));
    }
  }

  #applyRules(record: AlertRulesRecord, emit: Emit): void {
    const { rules, faults } = parseAlertRules(record.rules);
    if (rules === undefined) return emit({ kind: 'dead-letter', reason: 'malformed', detail: faults.join('; '), record });
    this.#alerts.replace(rules);
  }

  #applySession(record: SessionRecord, emit: Emit): void {
    const change = this.#feeds.begin(record);
    if (change === undefined) {
      return emit({ kind: 'dead-letter', reason: 'not-owner', detail: `session: ${record.session} of ${record.feed} is over`, record });
    }
    for (const symbol of this.#symbols.values()) {
      if (symbol.state.owner === record.feed) this.#goOn(symbol, change, emit);
    }
    for (const name of change.symbols) {
      if (partitionOf(name, this.#options.partitions) !== this.#options.partition) continue;
      const symbol = this.#observed(name);
      if (symbol === undefined) this.#firstSeen(name, record.feed, record.timeMs);
      else if (symbol.state.owner !== record.feed) {
        if (change.isNewBaseline) symbol.forgetVolume();
        this.#takeOver(symbol, change.feed, emit);
      }
    }
  }

  /** A symbol whose feed began a new session: a gap when it is in it again, absent from now on when it is not. */
  #goOn(symbol: SymbolFold, change: SessionChange, emit: Emit): void {
    const { state } = symbol;
    if (!change.symbols.has(state.symbol)) {
      state.owner = undefined;
      const fromMs = Math.max(change.givenUpSinceMs, state.latest?.receivedTimeMs ?? 0);
      state.coverage.absentSinceMs = fromMs;
      symbol.touch({ fromMs, toMs: endless }, this.#barsTo(emit, symbol));
      return;
    }
    if (change.absentSinceMs !== undefined) this.#gap(symbol, change.absentSinceMs, change.startMs, change.reason, emit);
  }

  /** A symbol that the feed did not own before: its own absence, if it had one, ends here, and what is over by the feed's watermark closes. */
  #takeOver(symbol: SymbolFold, feed: string, emit: Emit): void {
    const { state } = symbol;
    const former = state.owner === undefined ? undefined : this.#feeds.get(state.owner);
    const lostSinceMs = former === undefined || former.connected ? undefined : (former.lastDataMs ?? former.sessionStartMs);
    const { absentSinceMs } = state.coverage;
    this.#own(symbol, feed);
    endAbsence(state.coverage);
    const { sessionStartMs, lastDataMs, watermarkMs } = this.#feeds.get(feed) as FeedState;
    // Given up and taken up again in one session: until the last price before.
    const isWithin = absentSinceMs !== undefined && absentSinceMs >= sessionStartMs;
    const toMs = isWithin ? Math.max(lastDataMs ?? 0, absentSinceMs + 1) : sessionStartMs;
    const sinceMs = absentSinceMs ?? lostSinceMs;
    if (sinceMs !== undefined) this.#gap(symbol, sinceMs, toMs, takeOverReason(former), emit);
    symbol.advance(watermarkMs, this.#closingsTo(emit, symbol));
  }

  #applyGap(record: GapRecord, emit: Emit): void {
    for (const name of record.symbols) {
      const symbol = this.#symbols.get(name);
      if (symbol?.state.owner !== record.feed) continue;
      if (record.newBaseline) symbol.forgetVolume();
      this.#gap(symbol, record.fromMs, record.toMs, record.reason, emit);
    }
  }

  /** Changes no state, but that the log has named the symbol: nobody observes it for that. */
  #applyHistory(record: HistoryRecord, emit: Emit): void {
    const watermarkMs = this.#observed(record.symbol)?.state.watermarkMs;
    if (!this.#symbols.has(record.symbol)) this.#add(record.symbol, 0);
    for (const output of outputsOfHistory(record, watermarkMs, this.#options, () => this.#nextVersion())) emit(output);
  }

  #gap(symbol: SymbolFold, fromMs: number, toMs: number, reason: string, emit: Emit): void {
    if (toMs <= fromMs) return;
    const gap = { symbol: symbol.state.symbol, fromMs, toMs, reason, filled: false, versionUs: this.#nextVersion() };
    emit({ kind: 'gap', ...gap });
    this.#alerts.gapFound(gap, alertsTo(emit));
    symbol.touch({ fromMs, toMs }, this.#barsTo(emit, symbol));
  }

  /** The symbol if a feed owns it or did; `undefined` also when only history named it. */
  #observed(name: string): SymbolFold | undefined {
    const symbol = this.#symbols.get(name);
    return symbol?.state.timeFeed === undefined ? undefined : symbol;
  }

  #firstSeen(name: string, feed: string, sinceMs: number): SymbolFold {
    const symbol = this.#add(name, sinceMs);
    this.#own(symbol, feed);
    symbol.state.watermarkMs = this.#feeds.get(feed)?.watermarkMs ?? 0;
    return symbol;
  }

  #add(name: string, sinceMs: number): SymbolFold {
    const symbol = SymbolFold.first(name, sinceMs, this.#levels, this.#options);
    this.#symbols.set(name, symbol);
    return symbol;
  }

  /** From here on the feed's heartbeats close the symbol's windows. */
  #own(symbol: SymbolFold, feed: string): void {
    symbol.state.owner = feed;
    symbol.state.timeFeed = feed;
  }

  #barsTo(emit: Emit, symbol: SymbolFold): (window: Parameters<typeof barOf>[0], interval: Interval) => void {
    return (window, interval) => emit({ kind: 'bar', bar: barOf(window, symbol.state.symbol, interval, this.#nextVersion()) });
  }

  /** The same where windows close, which is what rules look at: a bar that a straggler makes has revision 0, too. */
  #closingsTo(emit: Emit, symbol: SymbolFold): (window: Parameters<typeof barOf>[0], interval: Interval) => void {
    return (window, interval) => {
      const bar = barOf(window, symbol.state.symbol, interval, this.#nextVersion());
      emit({ kind: 'bar', bar });
      if (bar.revision === 0) this.#alerts.barClosed(bar, alertsTo(emit));
    };
  }

  /** A hybrid logical clock that only the log drives: it rises with every record. */
  #advanceVersion(receivedTimeMs: number): void {
    this.#versionUs = Math.max(this.#versionUs + 1, receivedTimeMs * 1_000);
    this.#isVersionFree = true;
  }

  /** The record's own version for its first output, one more for each further: no two outputs of a partition share one. */
  #nextVersion(): number {
    if (!this.#isVersionFree) this.#versionUs += 1;
    this.#isVersionFree = false;
    return this.#versionUs;
  }
}

function alertsTo(emit: Emit): GiveAlert {
  return alert => emit({ kind: 'alert', alert });
}

function parseState(bytes: Uint8Array, options: FoldOptions): FoldState {
  let state: FoldState;
  try {
    state = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as FoldState;
  } catch (error) {
    throw unreadable(error);
  }
  refuseOther(state, options);
  return state;
}
