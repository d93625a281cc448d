/**
 * Which feed observes each symbol, and when none did: takes sessions and gap records in, gives out gaps, and marks the windows that they
 * touch.
 */
import { partitionOf } from '@tapeline/core/partitioner';
import type { GapRecord, SessionRecord } from '@tapeline/core/records';
import type { AlertBook } from '../alerts/alert-book.ts';
import { endAbsence, endless } from '../fold/coverage.ts';
import { type SessionChange, takeOverReason } from '../fold/feed-table.ts';
import type { FoldOptions } from '../fold/levels.ts';
import type { FeedState } from '../fold/outputs.ts';
import type { CoverageRows } from './coverage-rows.ts';
import type { FeedRows } from './feed-rows.ts';
import type { FoldEngine } from './fold-engine.ts';
import type { FoldResults } from './fold-results.ts';
import { none } from './growing.ts';
import type { SymbolNames } from './symbol-names.ts';
import { latestReceiptOf, timeFeedColumn } from './tick-numbers.ts';
import { alertsTo, closeWatched } from './watch.ts';

/** What it works on, which is the fold's. */
export interface ObservedParts {
  readonly options: FoldOptions;
  readonly engine: FoldEngine;
  readonly symbols: SymbolNames;
  readonly coverage: CoverageRows;
  readonly feeds: FeedRows;
  readonly alerts: AlertBook;
}

/** The feed that owns a symbol, or since when none does. */
export type Ownership = { readonly feed: string } | { readonly absentSinceMs: number };

export class Observation {
  readonly #options: FoldOptions;
  readonly #engine: FoldEngine;
  readonly #symbols: SymbolNames;
  readonly #coverage: CoverageRows;
  readonly #feeds: FeedRows;
  readonly #alerts: AlertBook;

  constructor({ options, engine, symbols, coverage, feeds, alerts }: ObservedParts) {
    this.#options = options;
    this.#engine = engine;
    this.#symbols = symbols;
    this.#coverage = coverage;
    this.#feeds = feeds;
    this.#alerts = alerts;
  }

  /** A session of a feed begins, or names its symbols anew. */
  session(record: SessionRecord, results: FoldResults): void {
    const change = this.#feeds.begin(record);
    if (change === undefined) {
      const detail = `session: ${record.session} of ${record.feed} is over`;
      results.outputs.push({ kind: 'dead-letter', reason: 'not-owner', detail, record });
      return;
    }
    const { functions } = this.#engine;
    if (change.absentSinceMs !== undefined) functions.dropOrigins();
    const feed = this.#feeds.indexOf(record.feed);
    for (let slot = 0; slot < this.#symbols.size; slot += 1) {
      if (functions.ownerOf(slot) === feed) this.#goOn(slot, change, results);
    }
    for (const name of change.symbols) {
      if (partitionOf(name, this.#options.partitions) !== this.#options.partition) continue;
      const slot = this.observed(name);
      if (slot < 0) this.firstSeen(name, feed, record.timeMs);
      else if (functions.ownerOf(slot) !== feed) {
        if (change.isNewBaseline) functions.forgetVolume(slot);
        this.takeOver(slot, feed, results);
      }
    }
  }

  /** Who owns the symbol, or since when nobody does; `undefined` where nobody ever did. */
  ownership(name: string): Ownership | undefined {
    const slot = this.observed(name);
    if (slot < 0) return undefined;
    const owner = this.#engine.functions.ownerOf(slot);
    if (owner !== none) return { feed: this.#feeds.name(owner) };
    const { absentSinceMs } = this.#coverage.of(slot);
    return absentSinceMs === undefined ? undefined : { absentSinceMs };
  }

  /** A symbol whose feed began a new session: a gap when it is in it again, absent from now on when it is not. */
  #goOn(slot: number, change: SessionChange, results: FoldResults): void {
    if (!change.symbols.has(this.#symbols.name(slot))) {
      this.#engine.functions.disown(slot);
      const fromMs = Math.max(change.givenUpSinceMs, this.#latestReceiptOf(slot));
      this.#coverage.of(slot).absentSinceMs = fromMs;
      this.#touch(slot, fromMs, endless);
      return;
    }
    if (change.absentSinceMs !== undefined) this.#gap(slot, change.absentSinceMs, change.startMs, change.reason, results);
  }

  /** A symbol that the feed did not own before: its own absence, if it had one, ends here, and what is over by the feed's watermark closes. */
  takeOver(slot: number, feed: number, results: FoldResults): void {
    const { functions } = this.#engine;
    const owner = functions.ownerOf(slot);
    const former = owner === none ? undefined : this.#feeds.get(owner);
    const lostSinceMs = former === undefined || former.connected ? undefined : (former.lastDataMs ?? former.sessionStartMs);
    const coverage = this.#coverage.of(slot);
    const { absentSinceMs } = coverage;
    functions.own(slot, feed);
    endAbsence(coverage);
    const { sessionStartMs, lastDataMs, watermarkMs } = this.#feeds.get(feed) as FeedState;
    // Given up and taken up again in one session: until the last price before.
    const isWithin = absentSinceMs !== undefined && absentSinceMs >= sessionStartMs;
    const toMs = isWithin ? Math.max(lastDataMs ?? 0, absentSinceMs + 1) : sessionStartMs;
    const sinceMs = absentSinceMs ?? lostSinceMs;
    if (sinceMs !== undefined) this.#gap(slot, sinceMs, toMs, takeOverReason(former), results);
    closeWatched(this.#alerts, results, () => functions.advance(slot, watermarkMs));
  }

  /** The feed lost prices. */
  gap(record: GapRecord, results: FoldResults): void {
    const { functions } = this.#engine;
    const feed = this.#feeds.indexOf(record.feed);
    for (const name of record.symbols) {
      const slot = this.#symbols.slotOf(name);
      if (slot < 0 || functions.ownerOf(slot) !== feed) continue;
      if (record.newBaseline) functions.forgetVolume(slot);
      this.#gap(slot, record.fromMs, record.toMs, record.reason, results);
    }
  }

  #latestReceiptOf(slot: number): number {
    const { functions, numbers, wholes } = this.#engine;
    return latestReceiptOf(wholes, numbers, functions.symbolRowAt(slot));
  }

  #gap(slot: number, fromMs: number, toMs: number, reason: string, results: FoldResults): void {
    if (toMs <= fromMs) return;
    const gap = { symbol: this.#symbols.name(slot), fromMs, toMs, reason, filled: false, versionUs: this.#engine.functions.nextVersion() };
    results.outputs.push({ kind: 'gap', ...gap });
    this.#alerts.gapFound(gap, alertsTo(results));
    this.#touch(slot, fromMs, toMs);
  }

  /** Windows that the gap touches are marked, and those to come will be. */
  #touch(slot: number, fromMs: number, toMs: number): void {
    const { functions } = this.#engine;
    this.#coverage.addGap(slot, { fromMs, toMs });
    functions.touchWindows(slot, fromMs, toMs, functions.watermarkOf(slot));
  }

  /** The slot of the symbol if a feed owns it or did; −1 also when only history named it. */
  observed(name: string): number {
    const slot = this.#symbols.slotOf(name);
    if (slot < 0) return slot;
    const { functions, wholes } = this.#engine;
    return wholes[functions.symbolRowAt(slot) / 4 + timeFeedColumn] === none ? -1 : slot;
  }

  /** A symbol that is seen for the first time begins, owned by the feed; gives its slot. */
  firstSeen(name: string, feed: number, sinceMs: number): number {
    const slot = this.slotOf(name);
    this.#coverage.begin(slot, sinceMs);
    this.#engine.functions.own(slot, feed);
    this.#engine.functions.setWatermark(slot, this.#feeds.get(feed)?.watermarkMs ?? 0);
    return slot;
  }

  /** The slot of a symbol, a new one when it has none. */
  slotOf(name: string): number {
    const known = this.#symbols.slotOf(name);
    return known < 0 ? this.#symbols.add(name) : known;
  }
}
