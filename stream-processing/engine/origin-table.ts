/**
 * What packed windows are told from, as few small numbers: a trading day with its end, the sessions of a window's first and last tick,
 * and a sequence that its first one is near to. The number of an origin that no window is told from any more is given to another
 * (origin-use.ts).
 */
import { enlarged, leave, room } from './memory';
import { CLOSE_SESSION, DAY, DAY_END, OPEN_SEQUENCE, OPEN_SESSION } from './window-row';

/** Doubles of an origin: day, its end, the two sessions, the sequence. */
const NUMBERS: i32 = 5;
const ROW_BYTES: i32 = NUMBERS * 8;
const SESSIONS: usize = 16;
const SEQUENCE: usize = 32;
/** Fewer are not worth a search for those that nothing is told from. */
const FEW: i32 = 64;
/** From so many on a table should not stand mostly free. */
const MANY: i32 = 1_024;
/** Sequences farther away have an origin of their own: so few are needed, and four bytes are enough. */
const NEAR: f64 = 67108864;

let origins: usize = room(8 * ROW_BYTES);
let originsRoom: i32 = 8;
let count: i32 = 0;
/** How many of them stand free, all zeros: no session has the number 0. */
let freeCount: i32 = 0;
/** While origins in use are being found: a byte for each. */
let uses: usize = 0;
let last: usize = 0;
let lastIndex: i32 = 0;
/** By hash: the origin that was found there last, plus one. Origins that are no longer used need no search then. */
const FOUND_BITS: u64 = 8;
const found: usize = memory.data(256 * 2, 16);

/** The number of a window's origin; it gets one if there is none. */
// @ts-ignore: decorator
@inline
export function indexOfOrigin(row: usize): i32 {
  return last && isOriginOf(last, row) ? lastIndex : findOrAdd(row);
}

/** Where the numbers of an origin stand. */
// @ts-ignore: decorator
@inline
export function originAt(index: i32): usize {
  return origins + <usize>(index * ROW_BYTES);
}

/** The sequence that an origin's windows are told from. */
// @ts-ignore: decorator
@inline
export function sequenceOf(origin: usize): f64 {
  return load<f64>(origin, SEQUENCE);
}

/** Writes day and end, and both sessions, of a window of that origin. */
// @ts-ignore: decorator
@inline
export function copyOrigin(origin: usize, row: usize): void {
  v128.store(row, v128.load(origin), DAY);
  store<f64>(row, load<f64>(origin, SESSIONS), OPEN_SESSION);
  store<f64>(row, load<f64>(origin, SESSIONS + 8), CLOSE_SESSION);
}

export function originCount(): i32 {
  return count;
}

/** Restores the next one. */
export function addOrigin(day: f64, dayEndMs: f64, openSession: f64, closeSession: f64, sequence: f64): void {
  if (openSession == 0) freeCount += 1;
  write(begin(), day, dayEndMs, openSession, closeSession, sequence);
}

/** True when the next new origin would make a table longer that is not short, and while less than an eighth of a long one is used. */
export function isSearchDue(): bool {
  return freeCount == 0 ? count >= FEW : count >= MANY && (count - freeCount) << 3 < count;
}

/** Begins to find the origins that windows are told from: `noteUse` is to be told of each. */
export function beginUses(): void {
  uses = room(count);
}

// @ts-ignore: decorator
@inline
export function noteUse(index: i32): void {
  store<u8>(uses + <usize>index, 1);
}

/** All others are free from now on; at the end of the table they are gone. */
export function dropUnused(): void {
  const before = count;
  while (count > 0 && !load<u8>(uses + <usize>count - 1)) count -= 1;
  freeCount = 0;
  for (let index = 0; index < before; index += 1) {
    if (load<u8>(uses + <usize>index)) continue;
    memory.fill(originAt(index), 0, ROW_BYTES);
    if (index < count) freeCount += 1;
  }
  leave(uses, before);
  last = 0;
}

function write(origin: usize, day: f64, dayEndMs: f64, openSession: f64, closeSession: f64, sequence: f64): void {
  store<f64>(origin, day);
  store<f64>(origin, dayEndMs, 8);
  store<f64>(origin, openSession, SESSIONS);
  store<f64>(origin, closeSession, SESSIONS + 8);
  store<f64>(origin, sequence, SEQUENCE);
}

// @ts-ignore: decorator
@inline
function isOriginOf(origin: usize, row: usize): bool {
  return (
    load<f64>(origin) == load<f64>(row, DAY) &&
    load<f64>(origin, 8) == load<f64>(row, DAY_END) &&
    load<f64>(origin, SESSIONS) == load<f64>(row, OPEN_SESSION) &&
    load<f64>(origin, SESSIONS + 8) == load<f64>(row, CLOSE_SESSION) &&
    abs(load<f64>(row, OPEN_SEQUENCE) - load<f64>(origin, SEQUENCE)) < NEAR
  );
}

function findOrAdd(row: usize): i32 {
  const place = foundPlace(row);
  let index = <i32>load<u16>(place) - 1;
  if (index < 0 || !isOriginOf(originAt(index), row)) {
    index = count - 1;
    while (index >= 0 && !isOriginOf(originAt(index), row)) index -= 1;
  }
  if (index < 0) {
    const origin = freeCount > 0 ? takeFree() : begin();
    const sequence = load<f64>(row, OPEN_SEQUENCE);
    write(origin, load<f64>(row, DAY), load<f64>(row, DAY_END), load<f64>(row, OPEN_SESSION), load<f64>(row, CLOSE_SESSION), sequence);
    index = <i32>(origin - origins) / ROW_BYTES;
  }
  if (index < 0xffff) store<u16>(place, <u16>(index + 1));
  lastIndex = index;
  last = originAt(index);
  return index;
}

/** Where the origin of such a window was noted when it was found last. */
function foundPlace(row: usize): usize {
  const day = load<u64>(row, DAY_END);
  const sessions = load<u64>(row, OPEN_SESSION) ^ rotl<u64>(load<u64>(row, CLOSE_SESSION), 21);
  return found + <usize>(((day ^ rotl<u64>(sessions, 9)) * 0x9e3779b97f4a7c15) >> (64 - FOUND_BITS) << 1);
}

/** The first that is free, so that it depends on nothing but the table. */
function takeFree(): usize {
  let origin = origins;
  while (load<f64>(origin, SESSIONS) != 0) origin += ROW_BYTES;
  freeCount -= 1;
  return origin;
}

function begin(): usize {
  if (count == originsRoom) {
    origins = enlarged(origins, originsRoom * ROW_BYTES, 2 * originsRoom * ROW_BYTES);
    originsRoom *= 2;
    last = 0;
  }
  count += 1;
  return originAt(count - 1);
}
