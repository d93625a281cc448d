/**
 * Takes in records that were decoded: all but everyday ticks, which the engine takes from their bytes, and these where nobody has the
 * bytes. The twin of `apply` in fold/partition-fold.ts.
 */
import { parseAlertRules } from '@tapeline/core/parse-alert-rules';
import type { AlertRulesRecord, FeedRecord, Heartbeat, HistoryRecord, Tick } from '@tapeline/core/records';
import type { AlertBook } from '../alerts/alert-book.ts';
import { outputsOfHistory } from '../fold/history.ts';
import type { FoldOptions } from '../fold/levels.ts';
import type { FeedRows } from './feed-rows.ts';
import { duplicate, type FoldEngine, late, resent, takenAsLatest } from './fold-engine.ts';
import type { FoldResults } from './fold-results.ts';
import { none } from './growing.ts';
import { Observation, type ObservedParts } from './observation.ts';
import type { SymbolNames } from './symbol-names.ts';
import { storeTick } from './tick-numbers.ts';
import { alertsTo, closeWatched, watchQuiet } from './watch.ts';

export class DecodedRecords {
  readonly observation: Observation;
  readonly #options: FoldOptions;
  readonly #engine: FoldEngine;
  readonly #symbols: SymbolNames;
  readonly #feeds: FeedRows;
  readonly #alerts: AlertBook;

  constructor(parts: ObservedParts) {
    this.observation = new Observation(parts);
    this.#options = parts.options;
    this.#engine = parts.engine;
    this.#symbols = parts.symbols;
    this.#feeds = parts.feeds;
    this.#alerts = parts.alerts;
  }

  /** Takes it in; `results` gets what follows from it, in order. */
  apply(record: FeedRecord, results: FoldResults): void {
    switch (record.kind) {
      case 'tick':
        return this.#applyTick(record, results);
      case 'heartbeat':
        return this.#applyHeartbeat(record, results);
      case 'session':
        return this.observation.session(record, results);
      case 'gap':
        return this.observation.gap(record, results);
      case 'instrument':
        results.outputs.push({ kind: 'instrument', instrument: record, versionUs: this.#nextVersion() });
        return;
      case 'history':
        return this.#applyHistory(record, results);
      case 'alert-rules':
        return this.#applyRules(record, results);
    }
  }

  #applyTick(tick: Tick, results: FoldResults): void {
    const { outputs } = results;
    const { functions } = this.#engine;
    const feed = this.#feeds.indexOf(tick.feed);
    if (!this.#feeds.receive(feed, tick.session, tick.receivedTimeMs)) {
      const detail = `session: ${tick.session} of ${tick.feed} is over`;
      outputs.push({ kind: 'dead-letter', reason: 'not-owner', detail, record: tick });
      return;
    }
    const observed = this.observation.observed(tick.symbol);
    const slot = observed < 0 ? this.observation.firstSeen(tick.symbol, feed, tick.receivedTimeMs) : observed;
    if (functions.ownerOf(slot) === none) this.observation.takeOver(slot, feed, results);
    const owner = functions.ownerOf(slot);
    if (owner !== feed) {
      const detail = `feed: ${tick.symbol} belongs to ${this.#feeds.name(owner)}`;
      outputs.push({ kind: 'dead-letter', reason: 'not-owner', detail, record: tick });
      return;
    }
    this.#applyOwned(slot, feed, tick, results);
  }

  #applyOwned(slot: number, feed: number, tick: Tick, results: FoldResults): void {
    const { functions, numbers } = this.#engine;
    storeTick(tick, numbers, functions.tickAt() / 8);
    const outcome = functions.takeOwned(slot, feed);
    if (outcome === duplicate) results.outputs.push({ kind: 'repeated', why: 'duplicate', tick });
    else if (outcome === resent) results.outputs.push({ kind: 'repeated', why: 'resent', tick });
    else if (outcome === late) {
      const watermarkMs = functions.watermarkOf(slot);
      const detail = `timeMs: its window ended more than ${this.#options.correctionHorizonMs} ms before the watermark ${watermarkMs}`;
      results.outputs.push({ kind: 'dead-letter', reason: 'late', detail, record: tick });
    } else {
      results.taken += 1;
      if (results.storeTicks) giveTick(this.#engine, tick, outcome === takenAsLatest, results);
    }
  }

  #applyHeartbeat(record: Heartbeat, results: FoldResults): void {
    const versionUs = this.#engine.functions.versionUs.value;
    const watermarkMs = this.#feeds.beat(record);
    const index = this.#feeds.indexOf(record.feed);
    if (watermarkMs !== undefined) closeWatched(this.#alerts, results, () => this.#engine.functions.beat(index, watermarkMs));
    if (this.#alerts.isEmpty) return;
    const feed = this.#feeds.get(index);
    if (feed?.session !== record.session) return;
    const beat = { feed, timeMs: record.timeMs, versionUs };
    if (watermarkMs !== undefined) watchQuiet(this.#alerts, index, beat, { engine: this.#engine, symbols: this.#symbols, results });
    // All partitions hear of a feed, one tells of it.
    else if (this.#options.partition === 0) this.#alerts.feedAway(beat, alertsTo(results));
  }

  #applyRules(record: AlertRulesRecord, results: FoldResults): void {
    const { rules, faults } = parseAlertRules(record.rules);
    if (rules === undefined) results.outputs.push({ kind: 'dead-letter', reason: 'malformed', detail: faults.join('; '), record });
    else this.#alerts.replace(rules);
  }

  /** Changes no state, but that the log has named the symbol: nobody observes it for that. */
  #applyHistory(record: HistoryRecord, results: FoldResults): void {
    const observed = this.observation.observed(record.symbol);
    const watermarkMs = observed < 0 ? undefined : this.#engine.functions.watermarkOf(observed);
    const slot = this.observation.slotOf(record.symbol);
    for (const output of outputsOfHistory(record, watermarkMs, this.#options, () => this.#nextVersion())) {
      if (output.kind === 'bar') results.bars.add(slot, output.bar);
      else results.outputs.push(output);
    }
  }

  #nextVersion(): number {
    return this.#engine.functions.nextVersion();
  }
}

/** Gives out a tick that was taken in a moment ago. */
export function giveTick({ functions }: FoldEngine, tick: Tick, latest: boolean, results: FoldResults): void {
  results.outputs.push({ kind: 'tick', tick, versionUs: functions.takenVersionUs.value, latest });
}
