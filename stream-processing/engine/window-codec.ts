/**
 * A window in few bytes: the twin of src/hot/window-codec.ts. Times stand relative to the window's start, prices relative to the open in
 * units of their last digit, the trading day as its place in a table. Every row comes back as it was.
 */
import { dayAtIndex, dayEndAtIndex, indexOfDay } from './day-table';
import {
  isMantissaOf,
  placesOf,
  readByte,
  readerAt,
  readNear,
  readRaw,
  readSigned,
  readWhole,
  rounded,
  setReader,
  writeByte,
  writeNear,
  writeRaw,
  writeSigned,
  writeWhole,
} from './packed-bytes';
import { powerOfTen } from './rounding';
import {
  AS_CLOSED,
  CLOSE,
  CLOSE_SEQUENCE,
  CLOSE_SESSION,
  CLOSE_TIME,
  DAY,
  DAY_END,
  END,
  ESTIMATED,
  FLAGS,
  HIGH,
  INDICATORS,
  LOW,
  OPEN,
  OPEN_SEQUENCE,
  OPEN_SESSION,
  OPEN_TIME,
  REVISION,
  SPREAD_COUNT,
  SPREAD_SUM,
  START,
  TICK_COUNT,
  TURNOVER,
  VOLUME,
} from './window-row';

// The first byte.
const SINGLE_POINT: i32 = 0x01;
const PLAIN_HIGH: i32 = 0x02;
const PLAIN_LOW: i32 = 0x04;
const HAS_VOLUME: i32 = 0x08;
const PLAIN_TURNOVER: i32 = 0x10;
const IS_ESTIMATED: i32 = 0x20;
const HAS_SPREAD: i32 = 0x40;
const IS_ONE_TICK: i32 = 0x80;
// The second byte, over the digits after the point.
const PLACES_BITS: i32 = 0x0f;
const RAW_PRICES: i32 = 0x0f;
const ALL_SPREAD: i32 = 0x10;
const HAS_HISTORY: i32 = 0x20;
const NEVER_CLOSED: i32 = 0x40;
const CHANGED_PRICES: i32 = 0x80;

const INDICATOR_COUNT: usize = 12;
const DAY_MS: f64 = 86_400_000;
const MOST_LEVELS: i32 = 32;

const LENGTHS: usize = memory.data(MOST_LEVELS * 8, 16);
const IS_DAY: usize = memory.data(MOST_LEVELS);

/** Starts of windows are told from this midnight; NaN until the first is. */
let epoch: f64 = NaN;
/** Digits after the point of the last row: a good guess for the next. */
let guess: i32 = 2;

/** Says how long the windows of a level are, and whether they are trading days. */
export function setCodecLevel(level: i32, lengthMs: f64, isDay: bool): void {
  store<f64>(LENGTHS + (<usize>level << 3), lengthMs);
  store<u8>(IS_DAY + level, isDay ? 1 : 0);
}

// @ts-ignore: decorator
@inline
export function lengthMsOf(level: i32): f64 {
  return load<f64>(LENGTHS + (<usize>level << 3));
}

// @ts-ignore: decorator
@inline
export function isDayLevel(level: i32): bool {
  return load<u8>(IS_DAY + level) != 0;
}

/** What starts of windows are told from; NaN until there is one. */
export function epochMs(): f64 {
  return epoch;
}

export function setEpochMs(value: f64): void {
  epoch = value;
}

/** Packs a row at `begin`; gives where it ends. */
export function packWindow(level: i32, row: usize, begin: usize): usize {
  if (isNaN(epoch)) epoch = floor(load<f64>(row, START) / DAY_MS) * DAY_MS;
  const isFlat = hasOnePrice(row);
  const places = isFlat ? placesOfFlat(row) : placesOfAll(row);
  const first = firstByte(row, isFlat && hasOneTime(row));
  const second = secondByte(row, places);
  store<u16>(begin, <u16>(first | (second << 8)));
  let to = packStart(level, row, begin + 2);
  to = packPrices(row, places, (first & SINGLE_POINT) != 0, to);
  if (second & CHANGED_PRICES) to = copyRaw(row + AS_CLOSED, 3, to);
  to = packPlace(row, (first & SINGLE_POINT) != 0, to);
  to = packSums(row, first, second, to);
  if (second & HAS_HISTORY) {
    to = writeByte(to, <i32>load<f64>(row, FLAGS));
    to = writeWhole(to, load<f64>(row, REVISION));
  }
  return isDayLevel(level) ? copyRaw(row + INDICATORS, INDICATOR_COUNT, to) : to;
}

/** The start of the window at whose packed row the reader stands. */
export function unpackStart(level: i32): f64 {
  setReader(readerAt() + 2);
  return readStart(level);
}

/** Reads of the row at which the reader stands only its start and the prices, those as it closed too. */
export function unpackPrices(level: i32, row: usize): void {
  const first = readByte();
  const second = readByte();
  store<f64>(row, readStart(level), START);
  readPrices(row, second & PLACES_BITS, first);
  readAsClosed(row, second);
}

/** Reads the row at which the reader stands; indicators only where they are written (see closed-windows.ts). */
export function unpackWindow(level: i32, row: usize): void {
  const first = <i32>load<u8>(readerAt());
  const second = <i32>load<u8>(readerAt(), 1);
  unpackPrices(level, row);
  readPlace(level, row, (first & SINGLE_POINT) != 0);
  readSums(row, first, second);
  store<f64>(row, second & HAS_HISTORY ? <f64>readByte() : 0, FLAGS);
  store<f64>(row, second & HAS_HISTORY ? readWhole() : 0, REVISION);
  if (!isDayLevel(level)) return;
  memory.copy(row + INDICATORS, readerAt(), INDICATOR_COUNT * 8);
  setReader(readerAt() + INDICATOR_COUNT * 8);
}

// @ts-ignore: decorator
@inline
function readStart(level: i32): f64 {
  const units = readSigned();
  return isDayLevel(level) ? units * DAY_MS : epoch + units * lengthMsOf(level);
}

// @ts-ignore: decorator
@inline
function packStart(level: i32, row: usize, to: usize): usize {
  return writeSigned(to, isDayLevel(level) ? load<f64>(row, DAY) : (load<f64>(row, START) - epoch) / lengthMsOf(level));
}

// @ts-ignore: decorator
@inline
function packPrices(row: usize, places: i32, isSingle: bool, begin: usize): usize {
  let to = begin;
  if (places < 0) {
    to = writeRaw(to, load<f64>(row, OPEN));
    return copyRaw(row + HIGH, 3, to);
  }
  const power = powerOfTen(places);
  const open = rounded(load<f64>(row, OPEN) * power);
  to = writeWhole(to, open);
  if (isSingle) return to;
  const close = rounded(load<f64>(row, CLOSE) * power);
  to = writeSigned(to, close - open);
  const above = rounded(load<f64>(row, HIGH) * power) - max(open, close);
  const below = min(open, close) - rounded(load<f64>(row, LOW) * power);
  if (above > 0) to = writeWhole(to, above);
  if (below > 0) to = writeWhole(to, below);
  return to;
}

// @ts-ignore: decorator
@inline
function packPlace(row: usize, isSingle: bool, begin: usize): usize {
  let to = writeWhole(begin, <f64>indexOfDay(load<f64>(row, DAY), load<f64>(row, DAY_END)));
  to = writeSigned(to, load<f64>(row, OPEN_TIME) - load<f64>(row, START));
  to = writeWhole(to, load<f64>(row, OPEN_SESSION));
  to = writeWhole(to, load<f64>(row, OPEN_SEQUENCE));
  if (isSingle) return to;
  to = writeSigned(to, load<f64>(row, CLOSE_TIME) - load<f64>(row, OPEN_TIME));
  to = writeSigned(to, load<f64>(row, CLOSE_SESSION) - load<f64>(row, OPEN_SESSION));
  return writeSigned(to, load<f64>(row, CLOSE_SEQUENCE) - load<f64>(row, OPEN_SEQUENCE));
}

// @ts-ignore: decorator
@inline
function packSums(row: usize, first: i32, second: i32, begin: usize): usize {
  const places = (second & PLACES_BITS) == RAW_PRICES ? 2 : second & PLACES_BITS;
  let to = begin;
  if (first & HAS_VOLUME) to = writeNear(to, load<f64>(row, VOLUME), 0);
  if (!(first & PLAIN_TURNOVER)) to = writeNear(to, load<f64>(row, TURNOVER), places);
  if (!(first & IS_ONE_TICK)) to = writeWhole(to, load<f64>(row, TICK_COUNT));
  if (!(first & HAS_SPREAD)) return to;
  if (!(second & ALL_SPREAD)) to = writeWhole(to, load<f64>(row, SPREAD_COUNT));
  return writeNear(to, load<f64>(row, SPREAD_SUM), places);
}

// @ts-ignore: decorator
@inline
function copyRaw(from: usize, count: usize, to: usize): usize {
  for (let index: usize = 0; index < count; index += 1) store<u64>(to + (index << 3), load<u64>(from + (index << 3)));
  return to + (count << 3);
}

function readPrices(row: usize, places: i32, first: i32): void {
  if (places == RAW_PRICES) {
    store<f64>(row, readRaw(), OPEN);
    store<f64>(row, readRaw(), HIGH);
    store<f64>(row, readRaw(), LOW);
    store<f64>(row, readRaw(), CLOSE);
    return;
  }
  const power = powerOfTen(places);
  const openUnits = readWhole();
  const closeUnits = first & SINGLE_POINT ? openUnits : openUnits + readSigned();
  const open = openUnits / power;
  const close = closeUnits == openUnits ? open : closeUnits / power;
  store<f64>(row, open, OPEN);
  store<f64>(row, close, CLOSE);
  store<f64>(row, first & PLAIN_HIGH ? max(open, close) : (max(openUnits, closeUnits) + readWhole()) / power, HIGH);
  store<f64>(row, first & PLAIN_LOW ? min(open, close) : (min(openUnits, closeUnits) - readWhole()) / power, LOW);
}

function readAsClosed(row: usize, second: i32): void {
  if (second & NEVER_CLOSED) {
    store<f64>(row, NaN, AS_CLOSED);
    store<f64>(row, NaN, AS_CLOSED + 8);
    store<f64>(row, NaN, AS_CLOSED + 16);
  } else if (second & CHANGED_PRICES) {
    memory.copy(row + AS_CLOSED, readerAt(), 24);
    setReader(readerAt() + 24);
  } else {
    store<f64>(row, load<f64>(row, HIGH), AS_CLOSED);
    store<f64>(row, load<f64>(row, LOW), AS_CLOSED + 8);
    store<f64>(row, load<f64>(row, CLOSE), AS_CLOSED + 16);
  }
}

function readPlace(level: i32, row: usize, isSingle: bool): void {
  const startMs = load<f64>(row, START);
  const day = <i32>readWhole();
  const dayEndMs = dayEndAtIndex(day);
  store<f64>(row, dayAtIndex(day), DAY);
  store<f64>(row, dayEndMs, DAY_END);
  store<f64>(row, isDayLevel(level) ? dayEndMs : startMs + lengthMsOf(level), END);
  const openTimeMs = startMs + readSigned();
  const openSession = readWhole();
  const openSequence = readWhole();
  store<f64>(row, openTimeMs, OPEN_TIME);
  store<f64>(row, openSession, OPEN_SESSION);
  store<f64>(row, openSequence, OPEN_SEQUENCE);
  store<f64>(row, openTimeMs + (isSingle ? 0 : readSigned()), CLOSE_TIME);
  store<f64>(row, openSession + (isSingle ? 0 : readSigned()), CLOSE_SESSION);
  store<f64>(row, openSequence + (isSingle ? 0 : readSigned()), CLOSE_SEQUENCE);
}

function readSums(row: usize, first: i32, second: i32): void {
  const volume = first & HAS_VOLUME ? readNear() : NaN;
  store<f64>(row, volume, VOLUME);
  store<f64>(row, first & PLAIN_TURNOVER ? plainTurnoverOf(volume, load<f64>(row, CLOSE)) : readNear(), TURNOVER);
  store<f64>(row, first & IS_ESTIMATED ? 1 : 0, ESTIMATED);
  const count = first & IS_ONE_TICK ? 1 : readWhole();
  store<f64>(row, count, TICK_COUNT);
  store<f64>(row, 0, SPREAD_COUNT);
  store<f64>(row, 0, SPREAD_SUM);
  if (!(first & HAS_SPREAD)) return;
  store<f64>(row, second & ALL_SPREAD ? count : readWhole(), SPREAD_COUNT);
  store<f64>(row, readNear(), SPREAD_SUM);
}

/** Digits after the point of a window whose prices are all the same, or −1. */
// @ts-ignore: decorator
@inline
function placesOfFlat(row: usize): i32 {
  const price = load<f64>(row, OPEN);
  const power = powerOfTen(guess);
  if (isMantissaOf(rounded(price * power), price, power)) return guess;
  return guessed(placesOf(price, guess));
}

/** Digits after the point that all prices of a row can do with, or −1. */
function placesOfAll(row: usize): i32 {
  const power = powerOfTen(guess);
  const open = load<f64>(row, OPEN);
  const high = load<f64>(row, HIGH);
  const low = load<f64>(row, LOW);
  const close = load<f64>(row, CLOSE);
  if (
    i32(isMantissaOf(rounded(high * power), high, power)) &
    i32(isMantissaOf(rounded(low * power), low, power)) &
    i32(isMantissaOf(rounded(close * power), close, power)) &
    i32(isMantissaOf(rounded(open * power), open, power))
  ) return guess;
  let places = placesOf(high, guess);
  if (places >= 0) places = placesOf(low, places);
  if (places >= 0) places = placesOf(close, places);
  if (places >= 0) places = placesOf(open, places);
  return guessed(places);
}

function guessed(places: i32): i32 {
  if (places >= 0) guess = places > 4 ? 2 : places;
  return places;
}

// @ts-ignore: decorator
@inline
function firstByte(row: usize, isSingle: bool): i32 {
  const volume = load<f64>(row, VOLUME);
  const open = load<f64>(row, OPEN);
  const close = load<f64>(row, CLOSE);
  let bits = isSingle ? SINGLE_POINT : 0;
  if (load<f64>(row, HIGH) == max(open, close)) bits |= PLAIN_HIGH;
  if (load<f64>(row, LOW) == min(open, close)) bits |= PLAIN_LOW;
  if (volume == volume) bits |= HAS_VOLUME;
  if (load<f64>(row, TURNOVER) == plainTurnoverOf(volume, close)) bits |= PLAIN_TURNOVER;
  if (load<f64>(row, ESTIMATED) == 1) bits |= IS_ESTIMATED;
  if (load<f64>(row, SPREAD_COUNT) > 0) bits |= HAS_SPREAD;
  return load<f64>(row, TICK_COUNT) == 1 ? bits | IS_ONE_TICK : bits;
}

// @ts-ignore: decorator
@inline
function secondByte(row: usize, places: i32): i32 {
  let bits = places < 0 ? RAW_PRICES : places;
  if (load<f64>(row, SPREAD_COUNT) == load<f64>(row, TICK_COUNT)) bits |= ALL_SPREAD;
  if (load<f64>(row, REVISION) != 0 || load<f64>(row, FLAGS) != 0) bits |= HAS_HISTORY;
  const high = load<f64>(row, AS_CLOSED);
  if (high != high) return bits | NEVER_CLOSED;
  const isAsClosed =
    high == load<f64>(row, HIGH) &&
    load<f64>(row, AS_CLOSED + 8) == load<f64>(row, LOW) &&
    load<f64>(row, AS_CLOSED + 16) == load<f64>(row, CLOSE);
  return isAsClosed ? bits : bits | CHANGED_PRICES;
}

/** The turnover of a window whose volume was all shown at its last price. */
// @ts-ignore: decorator
@inline
function plainTurnoverOf(volume: f64, close: f64): f64 {
  return volume > 0 ? close * volume : 0;
}

// @ts-ignore: decorator
@inline
function hasOnePrice(row: usize): bool {
  const open = load<f64>(row, OPEN);
  return load<f64>(row, CLOSE) == open && load<f64>(row, HIGH) == open && load<f64>(row, LOW) == open;
}

// @ts-ignore: decorator
@inline
function hasOneTime(row: usize): bool {
  return (
    load<f64>(row, CLOSE_SEQUENCE) == load<f64>(row, OPEN_SEQUENCE) &&
    load<f64>(row, CLOSE_TIME) == load<f64>(row, OPEN_TIME) &&
    load<f64>(row, CLOSE_SESSION) == load<f64>(row, OPEN_SESSION)
  );
}
