/**
 * Writes a bar's row (columns as in src/hot/bar-columns.ts) as the very bytes of `encodeBar` (core/src/bars.ts), without making the bar.
 * The text between two numbers lies ready in one piece, and is stored sixteen bytes at a time; what is too much is overwritten.
 */
import { numberRoom, writeCount, writeLong, writeNumber } from './number-text';

const OPEN: usize = 0;
const HIGH: usize = 8;
const LOW: usize = 16;
const CLOSE: usize = 24;
const VOLUME: usize = 32;
const VWAP: usize = 40;
const EXACT: usize = 48;
const TICK_COUNT: usize = 56;
const SPREAD_MEAN: usize = 64;
const START: usize = 72;
const END: usize = 80;
const REVISION: usize = 88;
const VERSION: usize = 96;
const INDICATORS: usize = 104;
const FLAGS: usize = 200;
const FINAL: usize = 208;
const INTERVAL: usize = 216;

const INDICATOR_COUNT: i32 = 12;
const FLAG_COUNT: i32 = 6;

const OPENING_BRACE: u8 = 123;
const CLOSING_BRACE: u8 = 125;
/** `}}` */
const TWO_BRACES: u16 = 0x7d7d;

// A piece fills its place up to the last byte, which is its length.
const MIDDLE: usize = 32;
const KIND: usize = 48;
const STATE: usize = 112;

const begin = memory.data(16, 16);
const highKey = memory.data(16, 16);
const lowKey = memory.data(16, 16);
const closeKey = memory.data(16, 16);
const volumeKey = memory.data(16, 16);
const vwapKey = memory.data(16, 16);
const spreadMeanKey = memory.data(16, 16);
const versionKey = memory.data(16, 16);
const indicatorsKey = memory.data(16, 16);
/**
 * By interval, from the interval to the key of the open price: windows end for many symbols at once, so what was written for one of
 * them is good for the next. Start, end and length stand behind the text.
 */
const spanPieces = memory.data(8 * 128, 16);
const SPAN_START: usize = 96;
const SPAN_END: usize = 104;
const SPAN_LENGTH: usize = 112;
/** Names of intervals (core/src/intervals.ts) as little-endian words. */
const intervalNames = memory.data<u32>([0x7331, 0x7335, 0x733531, 0x6d31, 0x6d35, 0x6d3531, 0x6831, 0x6431]);
/** Nothing, estimate, exact; and the key of the tick count. */
const kindPieces = memory.data(3 * 48, 16);
/** State, flags and the key of the revision, by flag bits, and 64 higher for a final bar. */
const statePieces = memory.data(128 * 112, 16);
/** With the comma before each; that of the first one becomes the brace. */
const indicatorKeys = memory.data(12 * 32, 16);

makePieces();

/** Bytes from its start that writing a bar may touch, for a symbol whose JSON text has `symbolBytes` bytes. */
export function barRoom(symbolBytes: i32): i32 {
  return 1_200 + numberRoom + symbolBytes;
}

/**
 * Writes the row as JSON at `at`; gives the end of it. Needs {@link barRoom} bytes from `at` on.
 * @param symbolJson the symbol as a JSON string, quotes included
 */
export function writeBar(row: usize, symbolJson: usize, symbolJsonBytes: i32, at: usize): usize {
  v128.store(at, v128.load(begin));
  let end = writeSymbol(at + 16, symbolJson, symbolJsonBytes);
  end = writeNumber(writeSpan(end, row), load<f64>(row, OPEN));
  end = writeNumber(writeSmall(end, highKey, 8), load<f64>(row, HIGH));
  end = writeNumber(writeSmall(end, lowKey, 7), load<f64>(row, LOW));
  end = writeNumber(writeSmall(end, closeKey, 9), load<f64>(row, CLOSE));
  end = writeVolume(end, row);
  end = writeCount(end, load<f64>(row, TICK_COUNT));
  const spreadMean = load<f64>(row, SPREAD_MEAN);
  if (spreadMean === spreadMean) end = writeNumber(writeSmall(end, spreadMeanKey, 14), spreadMean);
  end = writeState(end, <i32>load<f64>(row, FLAGS) + (load<f64>(row, FINAL) === 1 ? 1 << FLAG_COUNT : 0));
  end = writeCount(end, load<f64>(row, REVISION));
  end = writeLong(writeSmall(end, versionKey, 13), load<f64>(row, VERSION));
  return writeIndicators(end, row + INDICATORS);
}

/** Interval, start and end, and the key of the open price. */
// @ts-ignore: decorator
@inline
function writeSpan(at: usize, row: usize): usize {
  const interval = <usize>load<f64>(row, INTERVAL);
  const piece = spanPieces + (interval << 7);
  const start = load<f64>(row, START);
  const end = load<f64>(row, END);
  if (start !== load<f64>(piece, SPAN_START) || end !== load<f64>(piece, SPAN_END)) makeSpan(piece, interval, start, end);
  v128.store(at, v128.load(piece));
  v128.store(at, v128.load(piece, 16), 16);
  v128.store(at, v128.load(piece, 32), 32);
  v128.store(at, v128.load(piece, 48), 48);
  v128.store(at, v128.load(piece, 64), 64);
  v128.store(at, v128.load(piece, 80), 80);
  return at + load<u32>(piece, SPAN_LENGTH);
}

function makeSpan(piece: usize, interval: usize, start: f64, end: f64): void {
  const name = load<u32>(intervalNames + (interval << 2));
  let at = put(piece, ',"interval":"');
  store<u32>(at, name);
  at = writeLong(put(at + 4 - <usize>(clz(name) >> 3), '","startMs":'), start);
  at = put(writeLong(put(at, ',"endMs":'), end), ',"open":');
  store<f64>(piece, start, SPAN_START);
  store<f64>(piece, end, SPAN_END);
  store<u32>(piece, <u32>(at - piece), SPAN_LENGTH);
}

/** Volume, VWAP and its kind where known, and the key of the tick count. */
// @ts-ignore: decorator
@inline
function writeVolume(at: usize, row: usize): usize {
  const volume = load<f64>(row, VOLUME);
  const vwap = load<f64>(row, VWAP);
  let end = at;
  if (volume === volume) end = writeCount(writeSmall(end, volumeKey, 10), volume);
  let piece = kindPieces;
  if (vwap === vwap) {
    end = writeNumber(writeSmall(end, vwapKey, 8), vwap);
    piece += load<f64>(row, EXACT) === 1 ? 2 * KIND : KIND;
  }
  v128.store(end, v128.load(piece));
  v128.store(end, v128.load(piece, 16), 16);
  v128.store(end, v128.load(piece, 32), 32);
  return end + load<u8>(piece, KIND - 1);
}

/** State, flags and the key of the revision; most bars have no flags. */
// @ts-ignore: decorator
@inline
function writeState(at: usize, bits: i32): usize {
  const piece = statePieces + <usize>bits * STATE;
  const length = <usize>load<u8>(piece, STATE - 1);
  v128.store(at, v128.load(piece));
  v128.store(at, v128.load(piece, 16), 16);
  v128.store(at, v128.load(piece, 32), 32);
  for (let done: usize = 48; done < length; done += 16) v128.store(at + done, v128.load(piece + done));
  return at + length;
}

/** `indicators` with those that are known, or nothing, and the end of the bar. */
// @ts-ignore: decorator
@inline
function writeIndicators(at: usize, first: usize): usize {
  const begun = writeSmall(at, indicatorsKey, 14);
  let end = begun;
  for (let index = 0; index < INDICATOR_COUNT; index += 1) {
    const value = load<f64>(first + (index << 3));
    if (value === value) end = writeNumber(writeMiddle(end, indicatorKeys + <usize>index * MIDDLE), value);
  }
  if (end === begun) {
    store<u8>(at, CLOSING_BRACE);
    return at + 1;
  }
  store<u8>(begun, OPENING_BRACE);
  store<u16>(end, TWO_BRACES);
  return end + 2;
}

/** Reads no byte that does not belong to the symbol. */
// @ts-ignore: decorator
@inline
function writeSymbol(at: usize, symbol: usize, bytes: usize): usize {
  const end = at + bytes;
  if (bytes >= 8 && bytes <= 16) {
    store<u64>(at, load<u64>(symbol));
    store<u64>(end - 8, load<u64>(symbol + bytes - 8));
  } else if (bytes >= 4 && bytes < 8) {
    store<u32>(at, load<u32>(symbol));
    store<u32>(end - 4, load<u32>(symbol + bytes - 4));
  } else {
    memory.copy(at, symbol, bytes);
  }
  return end;
}

// @ts-ignore: decorator
@inline
function writeSmall(at: usize, piece: usize, length: usize): usize {
  v128.store(at, v128.load(piece));
  return at + length;
}

// @ts-ignore: decorator
@inline
function writeMiddle(at: usize, piece: usize): usize {
  v128.store(at, v128.load(piece));
  v128.store(at, v128.load(piece, 16), 16);
  return at + load<u8>(piece, MIDDLE - 1);
}

function makePieces(): void {
  put(begin, '{"v":1,"symbol":');
  put(highKey, ',"high":');
  put(lowKey, ',"low":');
  put(closeKey, ',"close":');
  put(volumeKey, ',"volume":');
  put(vwapKey, ',"vwap":');
  put(spreadMeanKey, ',"spreadMean":');
  put(versionKey, ',"versionUs":');
  put(indicatorsKey, ',"indicators":');
  // Nothing is equal to it.
  for (let interval: usize = 0; interval < 8; interval += 1) store<f64>(spanPieces + (interval << 7), NaN, SPAN_START);
  makeKindPieces();
  for (let bits = 0; bits < 2 << FLAG_COUNT; bits += 1) makeStatePiece(bits);
  makeIndicatorKeys();
}

function makeKindPieces(): void {
  makeKindPiece(0, '');
  makeKindPiece(1, ',"vwapKind":"estimate"');
  makeKindPiece(2, ',"vwapKind":"exact"');
}

function makeKindPiece(kind: i32, text: string): void {
  const piece = kindPieces + <usize>kind * KIND;
  const end = put(put(piece, text), ',"tickCount":');
  store<u8>(piece, <u8>(end - piece), KIND - 1);
}

function makeStatePiece(bits: i32): void {
  const piece = statePieces + <usize>bits * STATE;
  let end = put(piece, bits >> FLAG_COUNT === 1 ? ',"state":"final"' : ',"state":"forming"');
  end = put(end, ',"flags":[');
  const first = end;
  for (let flag = 0; flag < FLAG_COUNT; flag += 1) {
    if (((bits >> flag) & 1) === 1) end = put(put(put(end, '"'), flagName(flag)), '",');
  }
  end = put(put(end === first ? end : end - 1, ']'), ',"revision":');
  store<u8>(piece, <u8>(end - piece), STATE - 1);
}

/** By bit, which is the index into `barFlags` (core/src/bars.ts). */
function flagName(bit: i32): string {
  if (bit === 0) return 'partial';
  if (bit === 1) return 'gap';
  if (bit === 2) return 'filled';
  if (bit === 3) return 'corrected';
  return bit === 4 ? 'reconciled' : 'mismatch';
}

function makeIndicatorKeys(): void {
  makeIndicatorKey(0, ',"sma20":');
  makeIndicatorKey(1, ',"bollingerUpper":');
  makeIndicatorKey(2, ',"bollingerLower":');
  makeIndicatorKey(3, ',"ema12":');
  makeIndicatorKey(4, ',"ema26":');
  makeIndicatorKey(5, ',"macd":');
  makeIndicatorKey(6, ',"macdSignal":');
  makeIndicatorKey(7, ',"macdHistogram":');
  makeIndicatorKey(8, ',"rsi14":');
  makeIndicatorKey(9, ',"atr14":');
  makeIndicatorKey(10, ',"momentum10":');
  makeIndicatorKey(11, ',"volatility20":');
}

function makeIndicatorKey(index: i32, text: string): void {
  const piece = indicatorKeys + <usize>index * MIDDLE;
  store<u8>(piece, <u8>(put(piece, text) - piece), MIDDLE - 1);
}

/** Writes ASCII text; gives its end. */
function put(at: usize, text: string): usize {
  for (let index = 0; index < text.length; index += 1) store<u8>(at + index, <u8>text.charCodeAt(index));
  return at + text.length;
}
