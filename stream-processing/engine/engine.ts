/**
 * The fold engine: all that the fold of one partition does at once for many records, compiled to WebAssembly. One instance is one
 * partition; its whole state stands in its memory. What is rare (sessions, gaps, dead letters) is decided in src/hot, which calls this.
 *
 * `npm run fold-engine` compiles it into src/hot/engine-code.ts.
 */
import { configureClosed, setLevel } from './closed-windows';
import { advanceCoverage } from './host';
import { isDay, lengthOf, levelCount } from './levels';
import { leave, room } from './memory';
import { configureOpen } from './open-windows';
import { beginRow, configureRows, HAS_GAPS, LET_GO_TO, NEXT_CLOSE, OWNER, reserveRows, rowOf, SINCE, TIME_FEED, WATERMARK, WRITTEN_ROW_BYTES } from './symbol-rows';
import { closeWindows, configureWindows, reserveWindows } from './symbol-windows';
import { addSymbol as addToTable, jsonAt, jsonLength, longestJson, slotOf, symbolCount } from './symbols';
import { BAR_BYTES } from './bars';
import { barRoom, writeBar } from './bar-text';
import { rememberHead, rememberTail } from './scanner';
import { TICK } from './tick';
import { roomOfWindows } from './window-snapshot';

export { barCount, barsAt, barSlotsAt, clearBars } from './bars';
export { epochMs, setEpochMs } from './closed-windows';
export { setSession, takeReceipt } from './feeds';
export { addLevel } from './levels';
export { newerOpen, oldestOpen, openList } from './open-lists';
export { openWindowAt } from './open-windows';
export { addOrigin, originAt, originCount } from './origin-table';
export { dropOrigins } from './origin-use';
export { isStopped, nextOffset, stoppedAt, takeRecords } from './records';
export { knowsEnds, scan, scannedFeed, symbolAt, symbolLength } from './scanner';
export { forgetVolume, readRow, writeRow } from './symbol-rows';
export { coverageFlags, touchWindows } from './symbol-windows';
export { changedAt, changedCount, clearChanged, takeEveryday, takenVersionUs, takeOwned } from './ticks';
export { advanceClock, nextVersion, setVersionUs, versionUs } from './version-clock';
export { readWindows, writeWindows } from './window-snapshot';

/** Bytes that JavaScript hands over or takes; up to 64 behind them may be read. */
const MARGIN: i32 = 64;
let exchangeBytes: i32 = 65_536 - MARGIN;
let exchange: usize = room(65_536);
/** So far behind the watermark no window that can begin any more ends. */
let goneMs: f64 = 0;

/** Once, after the levels were added. */
export function configure(allowedLatenessMs: f64, correctionHorizonMs: f64, smallestMs: f64, partial: i32, gap: i32, corrected: i32): void {
  goneMs = max<f64>(allowedLatenessMs, correctionHorizonMs) + smallestMs;
  configureRows(levelCount);
  configureClosed(levelCount);
  configureOpen(levelCount);
  for (let level = 0; level < levelCount; level += 1) setLevel(level, lengthOf(level), isDay(level));
  configureWindows(allowedLatenessMs, correctionHorizonMs, partial, gap, corrected);
}

/** Where so many bytes can be handed over; what stood there is lost. */
export function exchangeAt(bytes: i32): usize {
  if (bytes <= exchangeBytes) return exchange;
  leave(exchange, exchangeBytes + MARGIN);
  exchange = room(bytes + MARGIN);
  exchangeBytes = bytes;
  return exchange;
}

/** Where the tick's numbers stand. */
export function tickAt(): usize {
  return TICK;
}

/** A new symbol: at the exchange stand its key and then its JSON string. */
export function addSymbol(keyLength: i32, jsonLength: i32, isPlain: bool): i32 {
  const slot = addToTable(exchange, keyLength, jsonLength, isPlain);
  reserveRows(slot + 1);
  reserveWindows(slot + 1);
  beginRow(slot);
  return slot;
}

/** The slot of the plain symbol that stands at the exchange, or NONE. */
export function slotOfKey(length: i32): i32 {
  return length < 1 || length > 64 ? -1 : slotOf(exchange, length);
}

/** Feeds of a symbol: who owns it, and whose heartbeats close its windows. */
export function own(slot: i32, feed: i32): void {
  const row = rowOf(slot);
  store<i32>(row, feed, OWNER);
  store<i32>(row, feed, TIME_FEED);
}

/** Nobody owns it any more; its feed's heartbeats go on closing its windows. */
export function disown(slot: i32): void {
  store<i32>(rowOf(slot), -1, OWNER);
}

export function ownerOf(slot: i32): i32 {
  return load<i32>(rowOf(slot), OWNER);
}

/** Where the numbers of a symbol stand, in the order of symbol-rows.ts; until the next symbol comes. */
export function symbolRowAt(slot: i32): usize {
  return rowOf(slot);
}

export function watermarkOf(slot: i32): f64 {
  return load<f64>(rowOf(slot), WATERMARK);
}

export function setWatermark(slot: i32, watermarkMs: f64): void {
  store<f64>(rowOf(slot), watermarkMs, WATERMARK);
}

/** Since when a symbol is observed, the end of the gaps that are no longer told apart, whether some still are. */
export function setCoverage(slot: i32, sinceMs: f64, letGoToMs: f64, hasGaps: bool): void {
  const row = rowOf(slot);
  store<f64>(row, sinceMs, SINCE);
  store<f64>(row, letGoToMs, LET_GO_TO);
  store<u8>(row, <u8>hasGaps, HAS_GAPS);
}

export function sinceOf(slot: i32): f64 {
  return load<f64>(rowOf(slot), SINCE);
}

export function letGoToOf(slot: i32): f64 {
  return load<f64>(rowOf(slot), LET_GO_TO);
}

/** Event time of a feed moved on: closes what is over, shorter windows first, and lets go of what can no longer change. */
export function beat(feed: i32, watermarkMs: f64): void {
  for (let slot = 0; slot < symbolCount; slot += 1) {
    if (load<i32>(rowOf(slot), TIME_FEED) == feed) advance(slot, watermarkMs);
  }
}

/** The same for one symbol. */
export function advance(slot: i32, watermarkMs: f64): void {
  const row = rowOf(slot);
  if (watermarkMs <= load<f64>(row, WATERMARK)) return;
  store<f64>(row, watermarkMs, WATERMARK);
  if (watermarkMs >= load<f64>(row, NEXT_CLOSE)) closeWindows(slot, watermarkMs);
  if (load<u8>(rowOf(slot), HAS_GAPS) != 0) advanceCoverage(slot, watermarkMs - goneMs);
}

/** Bytes that a symbol's part of a snapshot may take. */
export function roomOfSymbol(slot: i32): i32 {
  return max(WRITTEN_ROW_BYTES, roomOfWindows(slot));
}

/** Remembers how records begin that are of this feed and session: `length` bytes at the exchange. */
export function learnHead(length: i32, feed: i32, session: f64): void {
  rememberHead(exchange, length, feed, session);
}

/** Remembers how records of this trading day end. */
export function learnTail(tradingDay: f64, tradingDayEndMs: f64): void {
  rememberTail(exchange, tradingDay, tradingDayEndMs);
}

/** Where `writeTexts` expects so many bars: of each the slot (four bytes, and four for the end of its text), then all of their rows. */
export function exchangeForTexts(count: i32): usize {
  return exchangeAt(count * (8 + BAR_BYTES + barRoom(longestJson)));
}

/** Writes the bars at the exchange as text behind their rows; notes with each slot where its text ends. Gives where the texts begin. */
export function writeTexts(count: i32): usize {
  const rows = exchange + <usize>(count * 8);
  const texts = rows + <usize>(count * BAR_BYTES);
  let at = texts;
  for (let index = 0; index < count; index += 1) {
    const place = exchange + <usize>(index * 8);
    const slot = load<i32>(place);
    at = writeBar(rows + <usize>(index * BAR_BYTES), jsonAt(slot), jsonLength(slot), at);
    store<i32>(place, <i32>(at - texts), 4);
  }
  return texts;
}
