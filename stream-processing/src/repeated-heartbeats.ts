/**
 * Heartbeats of a feed come four times a second and differ in their times alone. One that is, but for its times, byte by byte one that
 * was decoded before, is read from that: a twentieth of the time that JSON and its schema take, which a catch-up notices. To everything
 * else it says no, and `decodeRecord` decides.
 */
import { type FeedRecord, type Heartbeat, latestTimeMs } from '@tapeline/core/records';

interface Known {
  readonly record: Heartbeat;
  readonly bytes: Uint8Array;
  /** Where the times begin; −1 for one that the record has not. */
  readonly timeAt: number;
  readonly lastDataAt: number;
}

/** Feeds, or shards of one, whose heartbeats are remembered. */
const mostKnown = 8;
/** Of a time from 2001 on, in milliseconds. */
const timeDigits = 13;

export class RepeatedHeartbeats {
  readonly #known: Known[] = [];
  #oldest = 0;

  /** The heartbeat in these bytes, if it is one that was remembered at other times: as `decodeRecord` gives it. */
  read(value: Uint8Array): Heartbeat | undefined {
    const known = this.#known.find(candidate => isSame(candidate, value));
    if (known === undefined) return undefined;
    const timeMs = timeIn(value, known.timeAt);
    if (timeMs === undefined) return undefined;
    if (known.lastDataAt < 0) return { ...known.record, timeMs };
    const lastDataMs = timeIn(value, known.lastDataAt);
    return lastDataMs === undefined ? undefined : { ...known.record, timeMs, lastDataMs };
  }

  /** Remembers what was decoded, if it is a heartbeat whose times can be told. */
  learn(record: FeedRecord, value: Uint8Array): void {
    if (record.kind !== 'heartbeat') return;
    const bytes = Buffer.from(value);
    const timeAt = placeOf(bytes, '"timeMs":', record.timeMs);
    const lastDataAt = record.lastDataMs === undefined ? -1 : placeOf(bytes, '"lastDataMs":', record.lastDataMs);
    if (timeAt === undefined || lastDataAt === undefined) return;
    this.#known[this.#oldest] = { record, bytes, timeAt, lastDataAt };
    this.#oldest = (this.#oldest + 1) % mostKnown;
  }
}

/** Where the digits of a time begin; `undefined` when its key is not there just once, or no such time behind it. */
function placeOf(bytes: Buffer, key: string, value: number): number | undefined {
  const at = bytes.indexOf(key);
  const digits = at + key.length;
  if (at < 0 || at !== bytes.lastIndexOf(key) || timeIn(bytes, digits) !== value) return undefined;
  return digits;
}

/** True when nothing but the times differs. */
function isSame({ bytes: known, timeAt, lastDataAt }: Known, bytes: Uint8Array): boolean {
  if (known.length !== bytes.length) return false;
  for (let index = 0; index < known.length; index += 1) {
    if (index === timeAt || index === lastDataAt) index += timeDigits;
    if (known[index] !== bytes[index]) return false;
  }
  return true;
}

/** The time of thirteen digits at `at`. */
function timeIn(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] === 0x30) return undefined;
  let value = 0;
  for (let index = at; index < at + timeDigits; index += 1) {
    const byte = bytes[index];
    if (!isDigit(byte)) return undefined;
    value = value * 10 + (byte as number) - 0x30;
  }
  return value <= latestTimeMs ? value : undefined;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
