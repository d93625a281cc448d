/**
 * Symbols by their bytes: open addressing to a dense slot number. A symbol of up to eight bytes is one word, and equal words are equal
 * symbols; of a longer one the word is a hash.
 */
import { enlarged, I32, i32At, leave, NONE, room, setI32 } from './memory';

/** A cell: the word, the slot (NONE when it is free), the symbol's length. */
const CELL_BYTES: i32 = 16;
const CELL_SLOT: usize = 8;
const CELL_LENGTH: usize = 12;
const SPREAD: u64 = 0x9e3779b97f4a7c15;

let cellCount: i32 = 256;
/** 64 minus the bits of a cell's number. */
let cellShift: u64 = 56;
let cells: usize = emptyCells(256);
let entered: i32 = 0;

/**
 * Bytes of all symbols as JSON strings, one after the other, and behind those that have escapes the keys; where each begins, how long
 * the string is and how long the key.
 */
let pool: usize = room(4_096);
let poolBytes: i32 = 4_096;
let poolUsed: i32 = 0;
const PLACE_INTS: i32 = 3;
let places: usize = room(64 * PLACE_INTS * I32);
let placeCapacity: i32 = 64;

/** Bytes of the longest JSON string. */
export let longestJson: i32 = 0;
/** How many symbols there are. */
export let symbolCount: i32 = 0;

/** The slot of the symbol in the `length` (1 to 64) bytes from `start` on, or NONE. */
// @ts-ignore: decorator
@inline
export function slotOf(start: usize, length: i32): i32 {
  const word = wordOf(start, length);
  const mask = cellCount - 1;
  let at = <i32>((word * SPREAD) >> cellShift);
  let slot = load<i32>(cellAt(at), CELL_SLOT);
  while (slot != NONE && !isAt(cellAt(at), slot, word, start, length)) {
    at = (at + 1) & mask;
    slot = load<i32>(cellAt(at), CELL_SLOT);
  }
  return slot;
}

/**
 * A new symbol: its key and behind it its JSON string stand at `at`. What is not plain text (escapes, other than ASCII, too long) is
 * not to be found by bytes.
 */
export function addSymbol(at: usize, keyLength: i32, jsonLength: i32, isPlain: bool): i32 {
  const slot = symbolCount;
  symbolCount += 1;
  longestJson = max(longestJson, jsonLength);
  if (slot == placeCapacity) {
    places = enlarged(places, placeCapacity * PLACE_INTS * I32, 2 * placeCapacity * PLACE_INTS * I32);
    placeCapacity *= 2;
  }
  setI32(places, slot * PLACE_INTS, keepBytes(at + keyLength, jsonLength));
  setI32(places, slot * PLACE_INTS + 1, keyLength);
  setI32(places, slot * PLACE_INTS + 2, jsonLength);
  if (hasEscapes(slot)) keepBytes(at, keyLength);
  if (isPlain) {
    if (2 * (entered + 1) > cellCount) growCells();
    enter(slot);
  }
  return slot;
}

export function keyAt(slot: i32): usize {
  return jsonAt(slot) + (hasEscapes(slot) ? jsonLength(slot) : 1);
}

export function keyLength(slot: i32): i32 {
  return i32At(places, slot * PLACE_INTS + 1);
}

export function jsonAt(slot: i32): usize {
  return pool + i32At(places, slot * PLACE_INTS);
}

export function jsonLength(slot: i32): i32 {
  return i32At(places, slot * PLACE_INTS + 2);
}

/** Whether the JSON string is more than the key in quotes. */
function hasEscapes(slot: i32): bool {
  return jsonLength(slot) != keyLength(slot) + 2;
}

/** True when the two symbols of the same `length`, of which each has eight readable bytes, are equal. */
// @ts-ignore: decorator
@inline
export function isSameText(a: usize, b: usize, length: i32): bool {
  if (length > 8) return memory.compare(a, b, length) == 0;
  return (load<u64>(a) ^ load<u64>(b)) << (<u64>(8 - length) << 3) == 0;
}

// @ts-ignore: decorator
@inline
function cellAt(index: i32): usize {
  return cells + <usize>index * CELL_BYTES;
}

// @ts-ignore: decorator
@inline
function isAt(cell: usize, slot: i32, word: u64, start: usize, length: i32): bool {
  return load<u64>(cell) == word && load<i32>(cell, CELL_LENGTH) == length && (length <= 8 || holds(slot, start, length));
}

/** Up to eight bytes as they are, zeros behind; of more a hash. Bytes behind the symbol may be read. */
// @ts-ignore: decorator
@inline
function wordOf(start: usize, length: i32): u64 {
  const word = load<u64>(start);
  if (length < 8) return word & ((<u64>1 << (<u64>length << 3)) - 1);
  return length == 8 ? word : hashOf(start, length);
}

function hashOf(start: usize, length: i32): u64 {
  let hash: u64 = 0;
  for (let at = 0; at + 8 <= length; at += 8) hash = rotl<u64>((hash ^ load<u64>(start + at)) * SPREAD, 29);
  return (hash ^ load<u64>(start + length - 8)) * SPREAD;
}

function holds(slot: i32, start: usize, length: i32): bool {
  return memory.compare(keyAt(slot), start, length) == 0;
}

function keepBytes(from: usize, length: i32): i32 {
  const at = poolUsed;
  // Eight bytes behind the last symbol may be read.
  while (at + length + 8 > poolBytes) {
    pool = enlarged(pool, poolBytes, 2 * poolBytes);
    poolBytes *= 2;
  }
  memory.copy(pool + at, from, length);
  poolUsed += length;
  return at;
}

function enter(slot: i32): void {
  const length = keyLength(slot);
  enterWord(wordOf(keyAt(slot), length), slot, length);
  entered += 1;
}

function enterWord(word: u64, slot: i32, length: i32): void {
  let at = <i32>((word * SPREAD) >> cellShift);
  while (load<i32>(cellAt(at), CELL_SLOT) != NONE) at = (at + 1) & (cellCount - 1);
  const cell = cellAt(at);
  store<u64>(cell, word);
  store<i32>(cell, slot, CELL_SLOT);
  store<i32>(cell, length, CELL_LENGTH);
}

function growCells(): void {
  const old = cells;
  const count = cellCount;
  cellCount *= 2;
  cellShift -= 1;
  cells = emptyCells(cellCount);
  for (let at = 0; at < count; at += 1) {
    const cell = old + <usize>(at * CELL_BYTES);
    const slot = load<i32>(cell, CELL_SLOT);
    if (slot != NONE) enterWord(load<u64>(cell), slot, load<i32>(cell, CELL_LENGTH));
  }
  leave(old, count * CELL_BYTES);
}

function emptyCells(count: i32): usize {
  const table = room(count * CELL_BYTES);
  memory.fill(table, 0xff, count * CELL_BYTES);
  return table;
}
