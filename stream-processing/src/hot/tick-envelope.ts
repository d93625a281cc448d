/** The ends of a tick record, which seldom change: feed and session before it, the trading day behind. */
import { KnownTexts } from './known-text.ts';
import { dayNumber, dayText } from './trading-days.ts';

/** Length of the tail of a record whose times have 13 digits. */
export const tailLength = ',"tradingDay":"2024-11-04","tradingDayEndMs":1730764800000}'.length;

const headShape = /^\{"v":1,"kind":"tick","feed":"([ !#-[\]-~]{1,64})","session":([1-9]\d{0,14}),"sequence":/;
const tailShape = /^,"tradingDay":"(\d{4}-\d{2}-\d{2})","tradingDayEndMs":([1-8]\d{12})\}$/;
const longestHead = 160;
const rememberedTexts = 16;
const mostFeeds = 1_000;

/** The heads and tails that records had so far, by number; what is new is read by its shape and remembered. */
export class TickEnvelope {
  /** By number of the head: index of the feed, session. */
  readonly headFeeds = new Int32Array(rememberedTexts);
  readonly headSessions = new Float64Array(rememberedTexts);
  /** By number of the tail: days since 1970-01-01, and when that day ends. */
  readonly tailDays = new Float64Array(rememberedTexts);
  readonly tailEndsMs = new Float64Array(rememberedTexts);
  readonly #feeds: string[] = [];
  readonly #heads = new KnownTexts(rememberedTexts);
  readonly #tails = new KnownTexts(rememberedTexts);

  feedName(feed: number): string {
    return this.#feeds[feed] as string;
  }

  /** The index of a feed, a new one when it has none yet. */
  feedIndex(name: string): number {
    const known = this.#feeds.indexOf(name);
    return known < 0 ? this.#feeds.push(name) - 1 : known;
  }

  /** The number of the head that the bytes in `[start, end)` begin with, up to the sequence; −1 when it is none. */
  head(view: DataView, start: number, end: number): number {
    const known = this.#heads.find(view, start, end - start);
    return known < 0 ? this.#readHead(view, start, end) : known;
  }

  headLength(head: number): number {
    return this.#heads.lengthOf(head);
  }

  /** The number of the tail in the {@link tailLength} bytes from `start` on; −1 when it is none. */
  tail(view: DataView, start: number): number {
    const known = this.#tails.find(view, start, tailLength);
    return known < 0 ? this.#readTail(view, start) : known;
  }

  #readHead(view: DataView, start: number, end: number): number {
    const match = headShape.exec(textOf(view, start, Math.min(end, start + longestHead)));
    if (match === null) return -1;
    const [text, name = '', session] = match;
    if (this.#feeds.length >= mostFeeds && !this.#feeds.includes(name)) return -1;
    const head = this.#heads.remember(view, start, text.length);
    this.headFeeds[head] = this.feedIndex(name);
    this.headSessions[head] = Number(session);
    return head;
  }

  #readTail(view: DataView, start: number): number {
    const match = tailShape.exec(textOf(view, start, start + tailLength));
    if (match === null) return -1;
    const [, date = '', endMs] = match;
    const tradingDay = dayNumber(date);
    if (Number.isNaN(tradingDay) || dayText(tradingDay) !== date) return -1;
    const tail = this.#tails.remember(view, start, tailLength);
    this.tailDays[tail] = tradingDay;
    this.tailEndsMs[tail] = Number(endMs);
    return tail;
  }
}

function textOf(view: DataView, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(view.getUint8(at));
  return text;
}
