/** Walks the records of one of Kafka's record batches (magic 2) where they lie, and takes the everyday ticks among them in. */
import { barCount } from './bars';
import { NOT_TAKEN, takeEveryday, takeKeyed } from './ticks';

/** Late ticks cost far more than others, and each gives bars. */
const MOST_BARS: i32 = 64;

/** Where the first record stands that was not passed; the offset behind the last one that was. */
export let stoppedAt: usize = 0;
export let nextOffset: f64 = 0;
/** Whether a record stands there that is not for the engine. */
export let isStopped: bool = false;

/** The number that was read last: zigzag, of at most 32 bits. */
let varint: i32 = 0;

/**
 * Takes in the everyday ticks from `at` on whose offset is in `[fromOffset, toOffset)`, and passes over those before; stops at the
 * first record that is none, that `[at, end)` does not hold whole, or when it has taken `limit` or given out many bars. Gives how many
 * it took.
 */
export function takeRecords(at: usize, end: usize, baseOffset: f64, fromOffset: f64, toOffset: f64, limit: i32): i32 {
  let count = 0;
  let next = at;
  nextOffset = fromOffset;
  isStopped = false;
  while (count < limit && next < end && barCount < MOST_BARS) {
    const start = readVarint(next);
    const recordEnd = start + varint;
    if (varint <= 0 || recordEnd > end) {
      isStopped = next == at;
      break;
    }
    // One byte of attributes, then the time.
    const offset = baseOffset + <f64>offsetDelta(passVarint(start + 1));
    const key = readVarint(afterDelta);
    const keyLength = varint;
    const valueAt = keyEnd(key, recordEnd);
    const valueStart = readVarint(valueAt);
    const valueEnd = valueStart + varint;
    isStopped = offset >= toOffset || varint <= 0 || valueEnd > recordEnd;
    if (!isStopped && offset >= fromOffset) {
      const isKeyed = keyLength > 0 && keyLength <= 64;
      isStopped = (isKeyed ? takeKeyed(key, keyLength, valueStart, valueEnd) : takeEveryday(valueStart, valueEnd)) == NOT_TAKEN;
      if (!isStopped) {
        nextOffset = offset + 1;
        count += 1;
      }
    }
    if (isStopped) break;
    next = recordEnd;
  }
  stoppedAt = next;
  return count;
}

let afterDelta: usize = 0;

// @ts-ignore: decorator
@inline
function offsetDelta(at: usize): i32 {
  afterDelta = readVarint(at);
  return varint;
}

/** Behind the key whose length was read and whose bytes begin at `start`; never behind the record, whatever a damaged one says. */
// @ts-ignore: decorator
@inline
function keyEnd(start: usize, recordEnd: usize): usize {
  return min(start + <usize>max(0, varint), recordEnd);
}

/** Reads the number at `at`; gives where it ends. */
// @ts-ignore: decorator
@inline
function readVarint(at: usize): usize {
  const first = <u32>load<u8>(at);
  if (first < 0x80) {
    varint = zigzag(first);
    return at + 1;
  }
  const second = <u32>load<u8>(at, 1);
  if (second < 0x80) {
    varint = zigzag((first & 0x7f) | (second << 7));
    return at + 2;
  }
  return readLongVarint(at);
}

function readLongVarint(at: usize): usize {
  let raw: u32 = 0;
  let next = at;
  for (let shift: u32 = 0; shift < 35; shift += 7) {
    const byte = <u32>load<u8>(next);
    next += 1;
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  varint = zigzag(raw);
  return next;
}

// @ts-ignore: decorator
@inline
function zigzag(raw: u32): i32 {
  return <i32>(raw >>> 1) ^ -(<i32>(raw & 1));
}

/** Behind the number at `at`, which may have up to 64 bits. */
// @ts-ignore: decorator
@inline
function passVarint(at: usize): usize {
  let end = at;
  while (load<u8>(end) >= 0x80) end += 1;
  return end + 1;
}
