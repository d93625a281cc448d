/** Reads packed windows, whole or in part: the reading half of window-codec.ts. */
import { copyOrigin, originAt, sequenceOf } from './origin-table';
import { readByte, readerAt, readNear, readRaw, readSigned, readWhole, setReader } from './packed-bytes';
import { powerOfTen } from './rounding';
import {
  ALL_SPREAD,
  CHANGED_PRICES,
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
  CLOSE_TIME,
  DAY_END,
  END,
  ESTIMATED,
  FLAGS,
  HIGH,
  INDICATORS,
  LOW,
  OPEN,
  OPEN_SEQUENCE,
  OPEN_TIME,
  REVISION,
  SPREAD_COUNT,
  SPREAD_SUM,
  START,
  TICK_COUNT,
  TURNOVER,
  VOLUME,
} from './window-row';

/** Reads the prices, those as it closed too, of a row whose two first bytes stand at `begin`; the reader stands behind its start. */
export function unpackPrices(begin: usize, row: usize): void {
  const first = <i32>load<u8>(begin);
  const second = <i32>load<u8>(begin, 1);
  readPrices(row, second & PLACES_BITS, first);
  readAsClosed(row, second);
}

/** The number of the origin that a row is told from, read as its prices are, which it leaves in `row`. */
export function unpackOrigin(begin: usize, row: usize): i32 {
  unpackPrices(begin, row);
  return <i32>readWhole();
}

/** Reads all but the start, which stands in `row`; indicators only where they are written (see closed-windows.ts). */
export function unpackWindow(level: i32, begin: usize, row: usize): void {
  unpackNumbers(level, begin, row);
  if (!isDayLevel(level)) return;
  memory.copy(row + INDICATORS, readerAt(), INDICATOR_COUNT * 8);
  setReader(readerAt() + INDICATOR_COUNT * 8);
}

/** The same without indicators. */
export function unpackNumbers(level: i32, begin: usize, row: usize): void {
  const first = <i32>load<u8>(begin);
  const second = <i32>load<u8>(begin, 1);
  unpackPrices(begin, row);
  readPlace(level, row, (first & SINGLE_POINT) != 0);
  readSums(row, first, second);
  store<f64>(row, second & HAS_HISTORY ? <f64>readByte() : 0, FLAGS);
  store<f64>(row, second & HAS_HISTORY ? readWhole() : 0, REVISION);
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
  const origin = originAt(<i32>readWhole());
  copyOrigin(origin, row);
  store<f64>(row, isDayLevel(level) ? load<f64>(row, DAY_END) : startMs + lengthMsOf(level), END);
  const openTimeMs = startMs + readSigned();
  const openSequence = sequenceOf(origin) + readSigned();
  store<f64>(row, openTimeMs, OPEN_TIME);
  store<f64>(row, openSequence, OPEN_SEQUENCE);
  store<f64>(row, openTimeMs + (isSingle ? 0 : readSigned()), CLOSE_TIME);
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
