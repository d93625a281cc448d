/** Reads packed windows, whole or in part: the reading half of src/hot/window-codec.ts. */
import { dayAtIndex, dayEndAtIndex } from './day-table';
import { readByte, readerAt, readNear, readRaw, readSigned, readWhole, setReader } from './packed-bytes';
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
  lengthMsOf,
  NEVER_CLOSED,
  PLACES_BITS,
  PLAIN_HIGH,
  PLAIN_LOW,
  PLAIN_TURNOVER,
  plainTurnoverOf,
  RAW_PRICES,
  SINGLE_POINT,
} from './window-codec';
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
  return isDayLevel(level) ? units * DAY_MS : epochMs() + units * lengthMsOf(level);
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
