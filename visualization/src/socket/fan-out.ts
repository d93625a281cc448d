/**
 * Tells every client what changed on the market, in turns. What changed is looked up once a turn; a client costs nothing for symbols
 * that it does not watch or that did not change.
 */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { BoardClient, type Turn } from '../board-client.ts';
import type { ChartSubscription, SymbolsMessage } from '../board-messages.ts';
import type { BoardTrace } from '../board-trace.ts';
import type { LiveMarket, Watch } from '../live-market.ts';
import { BoardNews } from './board-news.ts';
import { ChartFeeds } from './chart-feeds.ts';
import type { ClientLine } from './client-line.ts';
import { type FanOutMetrics, fanOutMetrics } from './fan-out-metrics.ts';
import { RowTable } from './row-table.ts';
import { TurnClock } from './turn-clock.ts';
import { type Span, UpdateBytes } from './update-bytes.ts';
import { type WatchSet, WatchSets } from './watch-sets.ts';

export interface FanOutOptions {
  readonly market: LiveMarket;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly trace?: BoardTrace | undefined;
  /** Each client gets one update in so long. */
  readonly updateIntervalMs: number;
  /** A client with more bytes than this unsent is dropped. */
  readonly maxBufferedBytes: number;
  /** A client that has been behind for longer is dropped. */
  readonly maxBehindMs: number;
  readonly now: () => number;
}

/** A client in its turn. */
export interface Seat {
  readonly client: BoardClient;
  readonly line: ClientLine;
  turn: number;
  behindSinceMs: number | undefined;
}

/** Turns are so far apart, so that those who share one are few. */
const turnMs = 5;
/** So many clients share a turn before the next one is taken: a board with few wakes up seldom. */
const fewClients = 50;
/** Without clients the market's changes are let go of so often. */
const idleMs = 1_000;

export class FanOut {
  readonly #options: FanOutOptions;
  readonly #metrics: FanOutMetrics;
  readonly #changes: Watch;
  readonly #table: RowTable;
  readonly #sets: WatchSets;
  readonly #charts: ChartFeeds;
  readonly #news: BoardNews;
  readonly #bytes = new UpdateBytes();
  readonly #turns: readonly { readonly seats: Set<Seat>; changed: Uint32Array }[];
  readonly #clock: TurnClock;
  readonly #idle: NodeJS.Timeout;
  #changed: Uint32Array;
  #isChanged = false;
  #clients = 0;
  #lookAgainMs = 0;

  constructor(options: FanOutOptions) {
    const { market, updateIntervalMs, now, registry } = options;
    this.#options = options;
    this.#metrics = fanOutMetrics(registry);
    this.#changes = market.watch();
    this.#table = new RowTable(market, now());
    this.#sets = new WatchSets(this.#table);
    this.#charts = new ChartFeeds(market);
    this.#news = new BoardNews(market);
    this.#changed = new Uint32Array(this.#table.capacity / 32);
    const turns = Math.max(1, Math.round(updateIntervalMs / turnMs));
    this.#turns = Array.from({ length: turns }, () => ({ seats: new Set(), changed: new Uint32Array(this.#changed.length) }));
    this.#clock = new TurnClock({
      turns,
      intervalMs: updateIntervalMs,
      isTaken: turn => this.#turns[turn]?.seats.size !== 0,
      run: turn => this.#run(turn),
    });
    this.#idle = setInterval(() => this.#clients === 0 && this.#look(), idleMs).unref();
  }

  /** Takes a client in; it is told about feeds and problems from now on. */
  join(line: ClientLine): Seat {
    const seat: Seat = { client: new BoardClient(), line, turn: this.#freeTurn(), behindSinceMs: undefined };
    this.#turns[seat.turn]?.seats.add(seat);
    this.#count(1);
    this.#clock.wake();
    return seat;
  }

  /** Cuts a client off that does not read; it may connect again. */
  drop(seat: Seat, reason: 'bytes' | 'time' | 'ping'): void {
    this.#metrics.dropped(reason);
    this.#options.logger.debug({ reason, unsentBytes: seat.line.unsentBytes }, 'a screen that does not read is cut off');
    seat.line.cut();
  }

  leave(seat: Seat): void {
    this.#turns[seat.turn]?.seats.delete(seat);
    if (seat.client.watched !== undefined) this.#sets.release(seat.client.watched);
    this.#charts.release(seat.client.chart);
    this.#count(-1);
  }

  /** Chooses a client's rows. @returns how many symbols without a price are not waited for, because others wait for too many */
  watch(seat: Seat, symbols: readonly string[]): number {
    const set = this.#sets.take(symbols, seat.client.watched);
    seat.client.watch(set);
    this.#announce(seat);
    this.#sit(seat, set);
    return set.unwaited;
  }

  /** Chooses a client's chart. */
  follow(seat: Seat, subscription: ChartSubscription | undefined): void {
    const before = seat.client.chart;
    seat.client.follow(subscription === undefined ? undefined : this.#charts.take(subscription, this.#news.feeds));
    this.#charts.release(before);
  }

  close(): void {
    this.#clock.close();
    clearInterval(this.#idle);
    this.#changes.close();
  }

  #run(index: number): void {
    const turn = this.#turns[index];
    if (turn === undefined) return;
    const startMs = performance.now();
    const nowMs = this.#options.now();
    this.#table.rebase(nowMs);
    if (startMs >= this.#lookAgainMs) this.#look();
    if (this.#news.look(nowMs)) this.#charts.look(this.#news.feeds);
    this.#bytes.begin();
    const told = { nowMs, table: this.#table, news: this.#news, bytes: this.#bytes, changed: turn.changed };
    let [updates, rows, bytes, skipped] = [0, 0, 0, 0];
    for (const seat of turn.seats) {
      if (!seat.line.isOpen) continue;
      if (seat.line.unsentBytes > 0) {
        skipped += 1;
        this.#passOver(seat, turn.changed);
        continue;
      }
      const update = this.#tell(seat, told);
      if (update === undefined) continue;
      updates += 1;
      rows += update.rows;
      bytes += update.end - update.start;
    }
    turn.changed.fill(0);
    this.#options.trace?.pushed(updates, nowMs + performance.now() - startMs);
    this.#metrics.turned({ seconds: (performance.now() - startMs) / 1_000, updates, rows, bytes, skipped });
  }

  #tell(seat: Seat, turn: Turn): Span | undefined {
    seat.behindSinceMs = undefined;
    this.#announce(seat);
    const update = seat.client.update(turn);
    if (update === undefined) return undefined;
    seat.line.write(this.#bytes.bytes, update.start, update.end);
    if (seat.client.watched?.clients === 1) this.#bytes.giveBack(update);
    return update;
  }

  /** Spares a slow client this update; one that does not catch up is dropped. */
  #passOver(seat: Seat, changed: Uint32Array): void {
    const { maxBufferedBytes, maxBehindMs } = this.#options;
    const nowMs = performance.now();
    seat.behindSinceMs ??= nowMs;
    seat.client.passedOver(changed);
    if (seat.line.unsentBytes > maxBufferedBytes) this.drop(seat, 'bytes');
    else if (nowMs - seat.behindSinceMs > maxBehindMs) this.drop(seat, 'time');
  }

  /** Takes in what changed since the last look. However many prices come, it takes no more than a tenth of the time. */
  #look(): void {
    const startMs = performance.now();
    this.#takeChanges();
    const endMs = performance.now();
    this.#lookAgainMs = endMs + 9 * (endMs - startMs);
  }

  #takeChanges(): void {
    this.#options.trace?.looked();
    const { symbols, bars, missedBars, alerts } = this.#changes.drain();
    for (const symbol of symbols) {
      this.#sets.appeared(symbol);
      this.#charts.touched(symbol);
      const number = this.#table.changed(symbol);
      if (number !== undefined) this.#mark(number);
    }
    for (const number of this.#table.review()) this.#mark(number);
    if (missedBars) this.#charts.missedBars();
    for (const bar of bars) this.#charts.changed(bar);
    this.#news.give(alerts);
    if (!this.#isChanged) return;
    this.#isChanged = false;
    for (const { changed } of this.#turns) {
      for (let word = 0; word < changed.length; word += 1) {
        changed[word] = (changed[word] as number) | (this.#changed[word] as number);
      }
    }
    this.#changed.fill(0);
  }

  #mark(number: number): void {
    this.#fit();
    this.#changed[number >>> 5] = (this.#changed[number >>> 5] as number) | (1 << (number & 31));
    this.#isChanged = true;
  }

  /** Makes room for the bits of a table that grew. */
  #fit(): void {
    const words = this.#table.capacity / 32;
    if (this.#changed.length === words) return;
    const grown = (bits: Uint32Array) => {
      const more = new Uint32Array(words);
      more.set(bits);
      return more;
    };
    this.#changed = grown(this.#changed);
    for (const turn of this.#turns) turn.changed = grown(turn.changed);
  }

  #announce(seat: Seat): void {
    const symbols = seat.client.announcement(this.#table);
    if (symbols.length > 0) seat.line.say(JSON.stringify({ symbols } satisfies SymbolsMessage));
  }

  /** Those of one list sit together, so that they share their frames. */
  #sit(seat: Seat, set: WatchSet): void {
    const full = Math.max(fewClients, Math.ceil((1.1 * this.#clients) / this.#turns.length));
    const isFull = set.home !== undefined && set.home !== seat.turn && this.#sizeOf(set.home) >= full;
    if (set.clients === 1 || set.home === undefined) set.home = seat.turn;
    else if (isFull) set.home = this.#emptiestTurn();
    if (set.home === seat.turn) return;
    this.#turns[seat.turn]?.seats.delete(seat);
    this.#turns[set.home]?.seats.add(seat);
    seat.turn = set.home;
    this.#clock.wake();
  }

  #freeTurn(): number {
    const withRoom = this.#turns.findIndex(({ seats }) => seats.size < fewClients);
    return withRoom >= 0 ? withRoom : this.#emptiestTurn();
  }

  #emptiestTurn(): number {
    const sizes = this.#turns.map(({ seats }) => seats.size);
    return sizes.indexOf(Math.min(...sizes));
  }

  #sizeOf(turn: number): number {
    return this.#turns[turn]?.seats.size ?? 0;
  }

  #count(more: number): void {
    this.#clients += more;
    this.#metrics.clients(this.#clients);
  }
}
