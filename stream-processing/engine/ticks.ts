/** Ticks on their way into the fold: the everyday ones straight from their bytes, all others as JavaScript decoded them. */
import { receive, sessionOf } from './feeds';
import { enlarged, room, setI32 } from './memory';
import { newestOpen, openList } from './open-lists';
import { scan, scannedFeed, symbolAt, symbolLength } from './scanner';
import {
  hear,
  HEARD_FEED,
  HEARD_SEQUENCE,
  HEARD_SESSION,
  IS_CHANGED,
  isSameSession,
  keep,
  keepPrevious,
  OWNER,
  readVolume,
  repeats,
  rowOf,
  WATERMARK,
} from './symbol-rows';
import { isTooLate, takeIntoWindows } from './symbol-windows';
import { isSameText, slotOf } from './symbols';
import { RECEIVED_TIME, SEQUENCE, SESSION, TICK } from './tick';
import { advanceClock, nextVersion } from './version-clock';
import { CLOSE_TIME, TICK_COUNT } from './window-row';

/** What became of a tick; src/hot/fold-engine.ts has the same numbers. */
export const NOT_TAKEN: i32 = -1;
export const TAKEN: i32 = 0;
export const TAKEN_AS_LATEST: i32 = 1;
export const DUPLICATE: i32 = 2;
export const RESENT: i32 = 3;
export const LATE: i32 = 4;

/** Slots whose latest tick changed since JavaScript asked, in the order of their first change. */
let changedCapacity: i32 = 64;
let changed: usize = room(64 * 4);
export let changedCount: i32 = 0;

export function changedAt(): usize {
  return changed;
}

/** JavaScript knows of the changes. */
export function clearChanged(): void {
  for (let index = 0; index < changedCount; index += 1) store<u8>(rowOf(load<i32>(changed + (<usize>index << 2))), 0, IS_CHANGED);
  changedCount = 0;
}

/**
 * Takes the record in `[start, end)` in if it is an everyday tick as our encoder writes it: its session goes on, its symbol is known
 * and owned, it is not late. NOT_TAKEN: nothing has changed.
 */
export function takeEveryday(start: usize, end: usize): i32 {
  return scan(start, end) ? takeScanned(slotOf(symbolAt, symbolLength)) : NOT_TAKEN;
}

/**
 * The same for a record whose key stands at `key`, `keyLength` (1 to 64) bytes. The key is the symbol: what is known of it is asked
 * for before the record is read, so that memory answers meanwhile.
 */
export function takeKeyed(key: usize, keyLength: i32, start: usize, end: usize): i32 {
  const slot = slotOf(key, keyLength);
  if (slot >= 0) warm(slot);
  if (!scan(start, end)) return NOT_TAKEN;
  const isKey = symbolLength == keyLength && isSameText(symbolAt, key, keyLength);
  return takeScanned(isKey ? slot : slotOf(symbolAt, symbolLength));
}

let warmed: u64 = 0;

/** Loads what a tick of the symbol will change. */
// @ts-ignore: decorator
@inline
function warm(slot: i32): void {
  const row = rowOf(slot);
  const window = newestOpen(openList(slot, 0));
  warmed = load<u64>(row) ^ load<u64>(row, HEARD_SEQUENCE) ^ load<u64>(window, CLOSE_TIME) ^ load<u64>(window, TICK_COUNT);
}

/** Takes the scanned tick in if it is an everyday one of the symbol in this slot. */
// @ts-ignore: decorator
@inline
function takeScanned(slot: i32): i32 {
  if (slot < 0) return NOT_TAKEN;
  const feed = scannedFeed;
  const row = rowOf(slot);
  if (
    sessionOf(feed) != load<f64>(TICK, SESSION) ||
    load<i32>(row, OWNER) != feed ||
    !isSameSession(row, feed) ||
    load<f64>(TICK, SEQUENCE) <= load<f64>(row, HEARD_SEQUENCE) ||
    isTooLate(load<f64>(row, WATERMARK))
  )
    return NOT_TAKEN;
  advanceClock(load<f64>(TICK, RECEIVED_TIME));
  receive(feed, load<f64>(TICK, RECEIVED_TIME));
  hear(row, feed);
  return take(slot, row, feed);
}

/** Takes in what stands in the tick, of a symbol that its feed owns; says what became of it. The clock has heard of the record. */
export function takeOwned(slot: i32, feed: i32): i32 {
  const row = rowOf(slot);
  const hasHeard = load<i32>(row, HEARD_FEED) >= 0;
  const isNewSession = hasHeard && !isSameSession(row, feed);
  if (hasHeard && !isNewSession && load<f64>(TICK, SEQUENCE) <= load<f64>(row, HEARD_SEQUENCE)) {
    nextVersion();
    return DUPLICATE;
  }
  hear(row, feed);
  if (isNewSession && repeats(row)) {
    nextVersion();
    readVolume(row, feed);
    keepPrevious(row);
    return RESENT;
  }
  if (isTooLate(load<f64>(row, WATERMARK))) {
    nextVersion();
    return LATE;
  }
  return take(slot, row, feed);
}

/** The version of the tick that was taken last. */
export let takenVersionUs: f64 = 0;

/** Takes the tick into its windows; says whether it is the latest one. */
// @ts-ignore: decorator
@inline
function take(slot: i32, row: usize, feed: i32): i32 {
  const versionUs = nextVersion();
  takenVersionUs = versionUs;
  readVolume(row, feed);
  const isLatest = keep(row, feed, versionUs);
  if (isLatest && load<u8>(row, IS_CHANGED) == 0) change(slot, row);
  takeIntoWindows(slot, load<f64>(row, WATERMARK));
  return isLatest ? TAKEN_AS_LATEST : TAKEN;
}

function change(slot: i32, row: usize): void {
  store<u8>(row, 1, IS_CHANGED);
  if (changedCount == changedCapacity) {
    changed = enlarged(changed, changedCapacity * 4, changedCapacity * 8);
    changedCapacity *= 2;
  }
  setI32(changed, changedCount, slot);
  changedCount += 1;
}
