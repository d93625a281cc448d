/**
 * One screen: what it wants, and what it has not been told yet. Changes are kept as bits and numbers, never as a queue of messages,
 * so a slow screen skips to the newest and costs no more memory than a fast one.
 */
import { type BoardNews, type ToldNews, toldNothing } from './socket/board-news.ts';
import type { ChartFeed, ToldChart } from './socket/chart-feed.ts';
import type { RowTable } from './socket/row-table.ts';
import type { Span, UpdateBytes } from './socket/update-bytes.ts';
import type { WatchSet } from './socket/watch-sets.ts';

/** What a turn tells its clients. */
export interface Turn {
  readonly nowMs: number;
  readonly table: RowTable;
  readonly news: BoardNews;
  readonly bytes: UpdateBytes;
  /** A bit for each row that changed since the turn before. */
  readonly changed: Uint32Array;
}

/** A screen that hears nothing for longer takes the connection for lost. */
const quietMs = 2_000;
/** Room for the longest frame of rows. */
const rowBytes = 65_536;

export class BoardClient {
  #watched: WatchSet | undefined;
  #announced = 0;
  /** Rows that it was not told though they changed; `undefined` where it keeps up. */
  #pending: Uint32Array | undefined;
  #chart: ChartFeed | undefined;
  #toldChart: ToldChart | undefined;
  #toldNews: ToldNews = toldNothing;
  #toldMs = 0;

  get watched(): WatchSet | undefined {
    return this.#watched;
  }

  get chart(): ChartFeed | undefined {
    return this.#chart;
  }

  /** Chooses the rows; all of them come with the next update. */
  watch(set: WatchSet): void {
    this.#watched = set;
    this.#announced = 0;
    this.#pending = set.bits.slice();
  }

  /** Chooses the chart; what is open or closed just now comes with the next update. */
  follow(chart: ChartFeed | undefined): void {
    this.#chart = chart;
    this.#toldChart = undefined;
  }

  /** Numbers and symbols of its rows that it was not told yet; takes them as told. */
  announcement(table: RowTable): readonly (readonly [number, string])[] {
    const numbers = this.#watched?.numbers ?? [];
    if (this.#announced === numbers.length) return [];
    const unknown = numbers.slice(this.#announced);
    this.#announced = numbers.length;
    return unknown.map(number => [number, table.symbolOf(number)]);
  }

  /** Remembers the rows that it is not told in this turn. */
  passedOver(changed: Uint32Array): void {
    const bits = this.#watched?.bits;
    if (bits === undefined) return;
    const pending = this.#pending?.length === bits.length ? this.#pending : new Uint32Array(bits.length);
    if (pending !== this.#pending && this.#pending !== undefined) pending.set(this.#pending);
    for (let word = 0; word < bits.length; word += 1) {
      pending[word] = (pending[word] as number) | ((changed[word] as number) & (bits[word] as number));
    }
    this.#pending = pending;
  }

  /** The bytes that bring the screen up to date; `undefined` when it is and was told so lately. Takes it as told. */
  update(turn: Turn): Span | undefined {
    const { nowMs, news, bytes, table } = turn;
    const newsFrame = news.frame(this.#toldNews);
    const chartFrame = this.#chart?.frame(this.#toldChart, nowMs);
    bytes.reserve(2 * rowBytes + (newsFrame?.length ?? 0) + (chartFrame?.length ?? 0));
    const rows = this.#rows(turn);
    if (rows === undefined && newsFrame === undefined && chartFrame === undefined) {
      if (Math.abs(nowMs - this.#toldMs) < quietMs) return undefined;
      this.#toldMs = nowMs;
      return bytes.clock(nowMs, table.baseMs);
    }
    this.#toldMs = nowMs;
    if (newsFrame === undefined && chartFrame === undefined) return rows;
    this.#toldNews = news.now;
    this.#toldChart = this.#chart?.now();
    return bytes.join(rows, [newsFrame, chartFrame]);
  }

  #rows({ nowMs, table, bytes, changed }: Turn): Span | undefined {
    const set = this.#watched;
    if (set === undefined) return undefined;
    const rows = { watched: set.bits, changed, pending: this.#pending };
    if (this.#pending !== undefined || set.clients === 1) {
      this.#pending = undefined;
      return bytes.rows(table, rows, nowMs);
    }
    if (set.shared?.epoch !== bytes.epoch) set.shared = { epoch: bytes.epoch, span: bytes.rows(table, rows, nowMs) };
    return set.shared.span;
  }
}
