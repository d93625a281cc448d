/**
 * Heartbeats of a feed come four times a second and differ in their times alone. One that is, but for its times, byte by byte one of our
 * encoder's that was decoded before, is read from that: a twentieth of the time that JSON and its schema take, which a catch-up notices. To everything
 * else it says no, and `decodeRecord` decides.
 */
import { encodeRecord } from '@tapeline/core/record-codec';
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
/** Times from 2001 on have as many digits. */
const timeDigits = 13;
const firstTimeMs = 1_000_000_000_000;

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

  /** Remembers what was decoded, if it is a heartbeat as our encoder writes it. */
  learn(record: FeedRecord, value: Uint8Array): void {
    if (record.kind !== 'heartbeat') return;
    const { timeMs, lastDataMs = firstTimeMs } = record;
    const bytes = Buffer.from(value);
    // Only then is the first such key the one that counts, and the digits behind it are all of the number.
    if (timeMs < firstTimeMs || lastDataMs < firstTimeMs || !bytes.equals(encodeRecord(record))) return;
    const lastDataAt = record.lastDataMs === undefined ? -1 : behind(bytes, '"lastDataMs":');
    this.#known[this.#oldest] = { record, bytes, timeAt: behind(bytes, '"timeMs":'), lastDataAt };
    this.#oldest = (this.#oldest + 1) % mostKnown;
  }
}

function behind(bytes: Buffer, key: string): number {
  return bytes.indexOf(key) + key.length;
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
  let value = 0;
  for (let index = at; index < at + timeDigits; index += 1) {
    const byte = bytes[index];
    if (!isDigit(byte)) return undefined;
    value = value * 10 + (byte as number) - 0x30;
  }
  return value >= firstTimeMs && value <= latestTimeMs ? value : undefined;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
