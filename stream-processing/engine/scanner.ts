/**
 * Reads a tick straight from the bytes that `encodeRecord` makes of it: the fast twin of `decodeRecord`.
 *
 * It knows one shape: the fields of `tickSchema` in their order, no white space, no escapes, numbers of at most 15 significant digits
 * without exponent, times of 13 digits. To everything else it says no, and JavaScript takes `decodeRecord`. What seldom changes from
 * one tick to the next (feed and session, the trading day) is compared with what stood there before and not read again; JavaScript
 * reads it once, by its shape. Up to 64 bytes behind a record may be read.
 */
import { readDecimal, thirteenDigits } from './digits';
import { room } from './memory';
import {
  ASK,
  BID,
  DAY_VOLUME,
  PRICE,
  RECEIVED_TIME,
  SEQUENCE,
  SESSION,
  SIZE,
  SOURCE_TIME,
  TICK,
  TIME,
  TRADING_DAY,
  TRADING_DAY_END,
} from './tick';

const LONGEST_SYMBOL: usize = 64;
/** Of what stands before the sequence; at least 16, and 16 more may be read. */
export const LONGEST_HEAD: i32 = 160;
/** `,"tradingDay":"2024-11-04","tradingDayEndMs":1730764800000}` */
export const TAIL_LENGTH: i32 = 59;
const KNOWN: i32 = 16;

// Keys as little-endian words that overlap where a key is no multiple of eight bytes long.
/** `,"symbol` and `ymbol":"` */
const SYMBOL_START: u64 = 0x6c6f626d7973222c;
const SYMBOL_END: u64 = 0x223a226c6f626d79;
const SYMBOL_KEY: usize = 11;
/** `","price` and `"price":` */
const PRICE_START: u64 = 0x6563697270222c22;
const PRICE_END: u64 = 0x3a22656369727022;
const PRICE_KEY: usize = 10;
/** `,"bid":`, `,"ask":`, without the byte behind them. */
const BID_KEY: u64 = 0x003a22646962222c;
const ASK_KEY: u64 = 0x003a226b7361222c;
const SEVEN_BYTES: u64 = 0x00ffffffffffffff;
/** `,"dayVol` and `Volume":` */
const DAY_VOLUME_START: u64 = 0x6c6f56796164222c;
const DAY_VOLUME_END: u64 = 0x3a22656d756c6f56;
/** `,"size":` */
const SIZE_KEY: u64 = 0x3a22657a6973222c;
/** `,"source` and `TimeMs":` */
const SOURCE_TIME_START: u64 = 0x656372756f73222c;
const SOURCE_TIME_END: u64 = 0x3a22734d656d6954;
/** `,"receiv` and `edTimeMs` and `TimeMs":` */
const RECEIVED_TIME_START: u64 = 0x766965636572222c;
const RECEIVED_TIME_MIDDLE: u64 = 0x734d656d69546465;
const RECEIVED_TIME_END: u64 = 0x3a22734d656d6954;
/** `,"timeMs` and `imeMs":` with a byte before it. */
const TIME_START: u64 = 0x734d656d6974222c;
const TIME_END: u64 = 0x3a22734d656d6974;

const TIME_DIGITS: usize = 13;
const RECEIVED_AT: usize = 16 + TIME_DIGITS;
const TIME_AT: usize = RECEIVED_AT + 18 + TIME_DIGITS;
const TIMES_LENGTH: usize = TIME_AT + 10 + TIME_DIGITS;

const QUOTES: u64 = 0x2222222222222222;
const ONES: u64 = 0x0101010101010101;
const TOPS: u64 = 0x8080808080808080;

/** Index of the feed, as JavaScript numbers them. */
export let scannedFeed: i32 = 0;
/** Where the symbol's bytes stand. */
export let symbolAt: usize = 0;
export let symbolLength: i32 = 0;

/** Heads that records had so far: the text, then its length, the feed (four bytes each) and the session. */
const HEAD_BYTES: i32 = LONGEST_HEAD + 16;
const heads: usize = room(KNOWN * HEAD_BYTES);
let headCount: i32 = 0;
let oldestHead: i32 = 0;
let currentHead: usize = heads;
/** Tails: the text, then the trading day and its end from byte 64 on. */
const TAIL_BYTES: i32 = 80;
const tails: usize = room(KNOWN * TAIL_BYTES);
let tailCount: i32 = 0;
let oldestTail: i32 = 0;
let currentTail: usize = tails;

/** Remembers the head in the `length` bytes at `at`, in place of the oldest one when there are too many. */
export function rememberHead(at: usize, length: i32, feed: i32, session: f64): void {
  if (findHead(at, length)) return;
  const index = headCount < KNOWN ? headCount : oldestHead;
  if (headCount < KNOWN) headCount += 1;
  else oldestHead = (oldestHead + 1) % KNOWN;
  const head = heads + <usize>(index * HEAD_BYTES);
  memory.copy(head, at, length);
  store<i32>(head, length, LONGEST_HEAD);
  store<i32>(head, feed, LONGEST_HEAD + 4);
  store<f64>(head, session, LONGEST_HEAD + 8);
  currentHead = head;
}

/** Remembers the tail in the TAIL_LENGTH bytes at `at`. */
export function rememberTail(at: usize, tradingDay: f64, tradingDayEndMs: f64): void {
  if (findTail(at)) return;
  const index = tailCount < KNOWN ? tailCount : oldestTail;
  if (tailCount < KNOWN) tailCount += 1;
  else oldestTail = (oldestTail + 1) % KNOWN;
  const tail = tails + <usize>(index * TAIL_BYTES);
  memory.copy(tail, at, TAIL_LENGTH);
  store<f64>(tail, tradingDay, 64);
  store<f64>(tail, tradingDayEndMs, 72);
  currentTail = tail;
}

/** True when the record in `[start, end)` begins and ends as one of those that are remembered. */
export function knowsEnds(start: usize, end: usize): bool {
  return end - start > <usize>TAIL_LENGTH && findHead(start, end - start) && findTail(end - TAIL_LENGTH);
}

/** Reads the record in `[start, end)` into the tick. False: not the shape that it knows, and no number of the tick means anything. */
export function scan(start: usize, end: usize): bool {
  const tailAt = end - TAIL_LENGTH;
  const timesAt = tailAt - TIMES_LENGTH;
  // Times and tail have one length, so they are found from the end.
  if (end < start + TIMES_LENGTH + TAIL_LENGTH) return false;
  if (!findHead(start, timesAt - start) || !findTail(tailAt) || !scanTimes(timesAt)) return false;
  const head = currentHead;
  const tail = currentTail;
  scannedFeed = load<i32>(head, LONGEST_HEAD + 4);
  store<f64>(TICK, load<f64>(head, LONGEST_HEAD + 8), SESSION);
  v128.store(TICK, v128.load(tail, 64), TRADING_DAY);
  const symbolKeyAt = readDecimal(start + load<i32>(head, LONGEST_HEAD), TICK + SEQUENCE);
  const priceAt = scanSymbol(symbolKeyAt, timesAt);
  return priceAt != 0 && readAmounts(priceAt) == timesAt && isValid();
}

// @ts-ignore: decorator
@inline
function findHead(at: usize, bytes: usize): bool {
  return (headCount > 0 && fits(currentHead, load<i32>(currentHead, LONGEST_HEAD), at, bytes)) || findOtherHead(at, bytes);
}

function findOtherHead(at: usize, bytes: usize): bool {
  for (let index = 0; index < headCount; index += 1) {
    const head = heads + <usize>(index * HEAD_BYTES);
    if (!fits(head, load<i32>(head, LONGEST_HEAD), at, bytes)) continue;
    currentHead = head;
    return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function findTail(at: usize): bool {
  return (tailCount > 0 && fits(currentTail, TAIL_LENGTH, at, TAIL_LENGTH)) || findOtherTail(at);
}

function findOtherTail(at: usize): bool {
  for (let index = 0; index < tailCount; index += 1) {
    const tail = tails + <usize>(index * TAIL_BYTES);
    if (!fits(tail, TAIL_LENGTH, at, TAIL_LENGTH)) continue;
    currentTail = tail;
    return true;
  }
  return false;
}

/** True when the `length` (at least 16) bytes of the text stand at `at`, where there are so many `bytes`. */
// @ts-ignore: decorator
@inline
function fits(text: usize, length: usize, at: usize, bytes: usize): bool {
  if (length > bytes) return false;
  let others = v128.xor(v128.load(text + length - 16), v128.load(at + length - 16));
  for (let from: usize = 0; from + 16 < length; from += 16) others = v128.or(others, v128.xor(v128.load(text + from), v128.load(at + from)));
  return !v128.any_true(others);
}

/** The symbol with the keys around it; gives where the price begins, or 0. */
// @ts-ignore: decorator
@inline
function scanSymbol(at: usize, limit: usize): usize {
  if (load<u64>(at) != SYMBOL_START || load<u64>(at, SYMBOL_KEY - 8) != SYMBOL_END) return 0;
  const start = at + SYMBOL_KEY;
  let end = start;
  let quotes = quotesIn(load<u64>(end));
  while (quotes == 0) {
    end += 8;
    if (end > start + LONGEST_SYMBOL) return 0;
    quotes = quotesIn(load<u64>(end));
  }
  end += <usize>(ctz(quotes) >> 3);
  if (end == start || end - start > LONGEST_SYMBOL || end >= limit) return 0;
  if (load<u64>(end) != PRICE_START || load<u64>(end, PRICE_KEY - 8) != PRICE_END) return 0;
  symbolAt = start;
  symbolLength = <i32>(end - start);
  return end + PRICE_KEY;
}

/** The lowest bit of the first byte that is a quote, and maybe bits of later ones. */
// @ts-ignore: decorator
@inline
function quotesIn(word: u64): u64 {
  const others = word ^ QUOTES;
  return (others - ONES) & ~others & TOPS;
}

/** The three times with their keys. */
// @ts-ignore: decorator
@inline
function scanTimes(at: usize): bool {
  const received = at + RECEIVED_AT;
  const time = at + TIME_AT;
  const others =
    (load<u64>(at) ^ SOURCE_TIME_START) |
    (load<u64>(at, 8) ^ SOURCE_TIME_END) |
    (load<u64>(received) ^ RECEIVED_TIME_START) |
    (load<u64>(received, 8) ^ RECEIVED_TIME_MIDDLE) |
    (load<u64>(received, 10) ^ RECEIVED_TIME_END) |
    (load<u64>(time) ^ TIME_START) |
    (load<u64>(time, 2) ^ TIME_END);
  if (others != 0) return false;
  return readTime(at + 16, SOURCE_TIME) && readTime(received + 18, RECEIVED_TIME) && readTime(time + 10, TIME);
}

/** Thirteen digits, the first of them 1 to 8. */
// @ts-ignore: decorator
@inline
function readTime(at: usize, column: usize): bool {
  const value = thirteenDigits(at);
  store<f64>(TICK + column, value);
  return value >= 1e12 && value < 9e12;
}

/** Price and what follows it up to the times; gives its end, which is no comma where something was not as it should be. */
// @ts-ignore: decorator
@inline
function readAmounts(priceAt: usize): usize {
  let at = readDecimal(priceAt, TICK + PRICE);
  store<f64>(TICK, NaN, BID);
  store<f64>(TICK, NaN, ASK);
  store<f64>(TICK, NaN, DAY_VOLUME);
  store<f64>(TICK, NaN, SIZE);
  if ((load<u64>(at) & SEVEN_BYTES) == BID_KEY) at = readDecimal(at + 7, TICK + BID);
  if ((load<u64>(at) & SEVEN_BYTES) == ASK_KEY) at = readDecimal(at + 7, TICK + ASK);
  if (load<u64>(at) == DAY_VOLUME_START && load<u64>(at, 5) == DAY_VOLUME_END) at = readDecimal(at + 13, TICK + DAY_VOLUME);
  if (load<u64>(at) == SIZE_KEY) at = readDecimal(at + 8, TICK + SIZE);
  return at;
}

/** What the schema asks for beyond the form; an absent amount is NaN, which is not 0. */
// @ts-ignore: decorator
@inline
function isValid(): bool {
  const sequence = load<f64>(TICK, SEQUENCE);
  return (
    load<f64>(TICK, PRICE) != 0 && load<f64>(TICK, BID) != 0 && load<f64>(TICK, ASK) != 0 && sequence >= 1 && floor(sequence) == sequence
  );
}
