/** Packs windows: the writing half of window-codec.ts. */
import { indexOfOrigin, originAt, sequenceOf } from './origin-table';
import { isMantissaOf, placesOf, rounded, writeByte, writeNear, writeRaw, writeSigned, writeWhole } from './packed-bytes';
import { powerOfTen } from './rounding';
import {
  ALL_SPREAD,
  CHANGED_PRICES,
  DAY_MS,
  epochMs,
  HAS_HISTORY,
  HAS_SPREAD,
  HAS_VOLUME,
  INDICATOR_COUNT,
  IS_ESTIMATED,
  IS_ONE_TICK,
  isDayLevel,
  NEVER_CLOSED,
  PLACES_BITS,
  PLAIN_HIGH,
  PLAIN_LOW,
  PLAIN_TURNOVER,
  plainTurnoverOf,
  RAW_PRICES,
  setEpochMs,
  SINGLE_POINT,
  unitsOf,
} from './window-codec';
import {
  AS_CLOSED,
  CLOSE,
  CLOSE_SEQUENCE,
  CLOSE_SESSION,
  CLOSE_TIME,
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

/** Digits after the point of the last row: a good guess for the next. */
let guess: i32 = 2;

/** Packs a closed window at `begin`; gives where it ends. Its start is told from that of the row before, whose units are given, or 0. */
export function packWindow(level: i32, row: usize, unitsBefore: f64, begin: usize): usize {
  const to = packNumbers(level, row, unitsBefore, begin);
  return isDayLevel(level) ? copyRaw(row + INDICATORS, INDICATOR_COUNT, to) : to;
}

/** The same without indicators. */
export function packNumbers(level: i32, row: usize, unitsBefore: f64, begin: usize): usize {
  if (isNaN(epochMs())) setEpochMs(floor(load<f64>(row, START) / DAY_MS) * DAY_MS);
  const isFlat = hasOnePrice(row);
  const places = isFlat ? placesOfFlat(row) : placesOfAll(row);
  const first = firstByte(row, isFlat && hasOneTime(row));
  const second = secondByte(row, places);
  store<u16>(begin, <u16>(first | (second << 8)));
  let to = writeSigned(begin + 2, unitsOf(level, load<f64>(row, START)) - unitsBefore);
  to = packPrices(row, places, (first & SINGLE_POINT) != 0, to);
  if (second & CHANGED_PRICES) to = copyRaw(row + AS_CLOSED, 3, to);
  to = packPlace(row, (first & SINGLE_POINT) != 0, to);
  to = packSums(row, first, second, to);
  if (second & HAS_HISTORY) {
    to = writeByte(to, <i32>load<f64>(row, FLAGS));
    to = writeWhole(to, load<f64>(row, REVISION));
  }
  return to;
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
  const index = indexOfOrigin(row);
  let to = writeWhole(begin, <f64>index);
  to = writeSigned(to, load<f64>(row, OPEN_TIME) - load<f64>(row, START));
  to = writeSigned(to, load<f64>(row, OPEN_SEQUENCE) - sequenceOf(originAt(index)));
  if (isSingle) return to;
  to = writeSigned(to, load<f64>(row, CLOSE_TIME) - load<f64>(row, OPEN_TIME));
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

/** Digits after the point of a window whose prices are all the same, or −1. */
// @ts-ignore: decorator
@inline
function placesOfFlat(row: usize): i32 {
  const price = load<f64>(row, OPEN);
  const power = powerOfTen(guess);
  if (isMantissaOf(rounded(price * power), price, power)) return guess;
  return guessed(placesOf(price, guess));
}

/** Digits after the point that all prices of a row can do with, or −1: a large price may be too large for the digits of a small one. */
function placesOfAll(row: usize): i32 {
  if (suitsAll(row, guess)) return guess;
  let places = placesOf(load<f64>(row, HIGH), guess);
  if (places >= 0) places = placesOf(load<f64>(row, LOW), places);
  if (places >= 0) places = placesOf(load<f64>(row, CLOSE), places);
  if (places >= 0) places = placesOf(load<f64>(row, OPEN), places);
  return guessed(places >= 0 && suitsAll(row, places) ? places : -1);
}

// @ts-ignore: decorator
@inline
function suitsAll(row: usize, places: i32): bool {
  const power = powerOfTen(places);
  const open = load<f64>(row, OPEN);
  const high = load<f64>(row, HIGH);
  const low = load<f64>(row, LOW);
  const close = load<f64>(row, CLOSE);
  return (
    (i32(isMantissaOf(rounded(high * power), high, power)) &
      i32(isMantissaOf(rounded(low * power), low, power)) &
      i32(isMantissaOf(rounded(close * power), close, power)) &
      i32(isMantissaOf(rounded(open * power), open, power))) !=
    0
  );
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
