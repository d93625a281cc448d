/**
 * A bounded queue of feed events that never loses in silence: when it is full it drops ticks, and accounts for them in one
 * `gap` record that takes its place in the queue as soon as there is room again, before anything that came later.
 */
import { type GapRecord, type Heartbeat, recordFormat, recordTimeMs, type SessionRecord } from '@tapeline/core/records';
import type { FeedEvent } from './feed.ts';
import type { TickRun } from './hot/tick-run.ts';

export interface EventBufferOptions {
  /** Source and shard that the gap records speak for. */
  readonly feed: string;
  /** Why something was lost, for the gap record. */
  readonly reason: string;
  readonly limitEvents: number;
  /** By {@link approximateBytes}. */
  readonly limitBytes: number;
  /** Told of each event that is dropped; of a run of ticks once it grows no more. */
  readonly dropped?: (event: FeedEvent) => void;
}

/** What was dropped since the buffer was last full. */
interface Loss {
  readonly symbols: Set<string>;
  fromMs: number;
  toMs: number;
  receivedTimeMs: number;
  lost: number;
  /** The newest session that began meanwhile. */
  heldSession?: SessionRecord;
}

export class EventBuffer {
  readonly #options: EventBufferOptions;
  /** Taken from `#first` on; cut when half of it is taken. */
  #events: FeedEvent[] = [];
  #first = 0;
  /** Of all but the run that may still grow. */
  #size = 0;
  #bytes = 0;
  /** The newest event, while it is a run that may still grow. */
  #growing: TickRun | undefined;
  /** Of the newest event that named one. */
  #session = 1;
  /** Symbols of the newest session that was taken in. */
  #told: readonly string[] = [];
  #loss: Loss | undefined;
  /** A run that is dropped and may still grow: what is lost while all is too much must cost next to nothing. */
  #growingLoss: TickRun | undefined;

  constructor(options: EventBufferOptions) {
    this.#options = options;
  }

  /** Events in it, each tick of a run counted, an open loss not. */
  get size(): number {
    return this.#size + (this.#growing?.count ?? 0);
  }

  get isEmpty(): boolean {
    return this.#events.length === this.#first;
  }

  get isFull(): boolean {
    return this.size >= this.#options.limitEvents || this.#bytes >= this.#options.limitBytes;
  }

  /** How full it is: 1 at a bound. */
  get fill(): number {
    return Math.max(this.size / this.#options.limitEvents, this.#bytes / this.#options.limitBytes);
  }

  /** True while something dropped is not yet accounted for by a record. */
  get isLosing(): boolean {
    return this.#loss !== undefined;
  }

  /** Takes an event in, or drops it with account. */
  push(event: FeedEvent): void {
    if ('session' in event) this.#session = event.session;
    if (event !== this.#growingLoss) this.#settleGrowingLoss();
    if (event.kind === 'heartbeat') return this.#pushHeartbeat(event);
    if (this.#loss === undefined && !this.isFull) return this.#append(event);
    if (event.kind === 'session') return this.#hold(event);
    const isRare = event.kind !== 'tick' && event.kind !== 'ticks' && event.kind !== 'dead-letter';
    if (isRare && this.size < this.#options.limitEvents * 2) return this.#append(event);
    this.#drop(event);
  }

  /** Takes the oldest events out, at most `count`, or one run that is longer. */
  take(count: number): FeedEvent[] {
    let end = this.#first;
    for (let weight = 0; end < this.#events.length; end += 1) {
      const event = this.#events[end] as FeedEvent;
      weight += weightOf(event);
      if (weight > count && end > this.#first) break;
      this.#uncount(event);
    }
    const taken = this.#events.slice(this.#first, end);
    this.#first = end;
    if (this.#first * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    this.#settle();
    return taken;
  }

  /** A run that may still grow is not counted yet; one that is left behind grows on. */
  #uncount(event: FeedEvent): void {
    if (event === this.#growing) this.#growing = undefined;
    else {
      this.#size -= weightOf(event);
      this.#bytes -= approximateBytes(event);
    }
  }

  #append(event: FeedEvent): void {
    this.#settleGrowing();
    if (event.kind === 'session') this.#told = event.symbols;
    this.#events.push(event);
    if (event.kind === 'ticks') this.#growing = event;
    else {
      this.#size += 1;
      this.#bytes += approximateBytes(event);
    }
  }

  /** What is no longer the newest grows no more and is counted. */
  #settleGrowing(): void {
    const run = this.#growing;
    if (run === undefined) return;
    this.#growing = undefined;
    this.#size += run.count;
    this.#bytes += approximateBytes(run);
  }

  /** A heartbeat replaces the one before it once the queue fills, and must not overtake a loss: dropping it does no harm. */
  #pushHeartbeat(heartbeat: Heartbeat): void {
    if (this.#loss !== undefined) return;
    const last = this.#events.at(-1);
    const repeats = last?.kind === 'heartbeat' && last.session === heartbeat.session && last.connected === heartbeat.connected;
    if (repeats && this.size * 2 >= this.#options.limitEvents) this.#events[this.#events.length - 1] = heartbeat;
    else if (!this.isFull) this.#append(heartbeat);
  }

  #drop(event: Exclude<FeedEvent, SessionRecord | Heartbeat>): void {
    if (event.kind === 'ticks') return this.#dropRun(event);
    this.#loss ??= emptyLoss();
    const loss = this.#loss;
    const receivedTimeMs = event.kind === 'dead-letter' ? event.timeMs : recordTimeMs(event);
    if (event.kind === 'tick') loss.symbols.add(event.symbol);
    loss.lost += 1;
    span(loss, event.kind === 'tick' ? event.timeMs : receivedTimeMs);
    loss.receivedTimeMs = Math.max(loss.receivedTimeMs, receivedTimeMs);
    this.#options.dropped?.(event);
  }

  #dropRun(run: TickRun): void {
    this.#loss ??= emptyLoss();
    this.#growingLoss = run;
  }

  /** Its ticks come into the account, and the run is used again. */
  #settleGrowingLoss(): void {
    const run = this.#growingLoss;
    if (run === undefined || this.#loss === undefined) return;
    this.#growingLoss = undefined;
    run.seal();
    const loss = this.#loss;
    run.nameSymbols(loss.symbols);
    loss.lost += run.count;
    span(loss, run.earliestMs);
    span(loss, run.latestMs);
    loss.receivedTimeMs = Math.max(loss.receivedTimeMs, run.receivedTimeMs);
    this.#options.dropped?.(run);
    run.release();
  }

  /** Keeps the newest session; the absence that the one it replaces told of becomes part of the loss. */
  #hold(session: SessionRecord): void {
    this.#loss ??= emptyLoss();
    const loss = this.#loss;
    const held = loss.heldSession;
    loss.heldSession = session;
    if (held === undefined || held.session === session.session) return;
    for (const symbol of held.symbols) loss.symbols.add(symbol);
    span(loss, held.previous?.lastDataMs ?? held.timeMs);
    span(loss, held.timeMs);
    loss.receivedTimeMs = Math.max(loss.receivedTimeMs, held.timeMs);
  }

  /**
   * Half empty again: the loss becomes records. Half, so that a slow reader does not get a gap for each tick. A symbol that nobody heard of
   * before the session that was held has its gap behind that: a gap of an unknown symbol is nobody's.
   */
  #settle(): void {
    const loss = this.#loss;
    if (loss === undefined || this.size * 2 > this.#options.limitEvents || this.#bytes * 2 > this.#options.limitBytes) return;
    this.#settleGrowingLoss();
    this.#loss = undefined;
    const news = this.#takeNews(loss);
    if (loss.lost > 0 || loss.symbols.size > 0) this.#append(this.#gapOf(loss));
    if (loss.heldSession) this.#append(loss.heldSession);
    if (news.size > 0) this.#append(this.#gapOf({ ...loss, symbols: news, lost: 0 }));
  }

  /** Takes the symbols out of a loss that come with the session that is held. */
  #takeNews({ symbols, heldSession }: Loss): Set<string> {
    if (heldSession === undefined) return new Set();
    const told = new Set(this.#told);
    const news = new Set([...symbols].filter(symbol => !told.has(symbol)));
    for (const symbol of news) symbols.delete(symbol);
    return news;
  }

  #gapOf(loss: Loss): GapRecord {
    return {
      v: recordFormat,
      kind: 'gap',
      feed: this.#options.feed,
      session: this.#session,
      symbols: [...loss.symbols],
      fromMs: loss.fromMs,
      toMs: loss.toMs,
      reason: this.#options.reason,
      lost: loss.lost,
      newBaseline: true,
      receivedTimeMs: loss.receivedTimeMs,
    };
  }
}

/** Memory that an event holds, roughly: enough to bound a queue. */
function approximateBytes(event: FeedEvent): number {
  if (event.kind === 'dead-letter') return 512 + 2 * (event.value.length + event.detail.length);
  if (event.kind === 'session') return 512 + 64 * event.symbols.length + 160 * event.refused.length;
  if (event.kind === 'gap') return 512 + 64 * event.symbols.length;
  if (event.kind === 'ticks') return 512 * event.count;
  return 512;
}

/** How many it is counted as. */
function weightOf(event: FeedEvent): number {
  return event.kind === 'ticks' ? event.count : 1;
}

function emptyLoss(): Loss {
  return { symbols: new Set(), fromMs: Number.MAX_SAFE_INTEGER, toMs: 0, receivedTimeMs: 0, lost: 0 };
}

/** Makes the lost span reach over a moment; its end is exclusive. */
function span(loss: Loss, timeMs: number): void {
  loss.fromMs = Math.min(loss.fromMs, timeMs);
  loss.toMs = Math.max(loss.toMs, timeMs + 1);
}
