/**
 * Some seconds of the load in memory, over and over, each time with later stamps written into the same bytes: an endless feed that
 * makes no garbage, so that all the garbage there is comes from who reads it.
 */
import { type LoadOptions, loadDefaults, loadRecords } from './load.ts';

/** What stands between two runs of ticks. */
export interface RingBeat {
  /** Index of the first tick after it. */
  readonly before: number;
  readonly timeMs: number;
}

const firstSequence = 1_000_000_000;
const stamps = ['"sourceTimeMs":', '"receivedTimeMs":', '"timeMs":'] as const;
const sequenceName = '"sequence":';
const stampDigits = 13;
const sequenceDigits = 10;

export class TickRing {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly partitions: Uint8Array;
  readonly beats: readonly RingBeat[];
  /** The session record, of every partition. */
  readonly session: string;
  readonly count: number;
  readonly lengthMs: number;
  /** By tick: where its sequence and its three stamps stand. */
  readonly #places: Int32Array;
  readonly #baseStamps: Float64Array;

  /** @param count ticks in it; they must fill whole seconds */
  constructor(count: number, options: LoadOptions) {
    const { ticksPerSecond } = { ...loadDefaults, ...options };
    this.count = count;
    this.lengthMs = (count / ticksPerSecond) * 1_000;
    this.starts = new Int32Array(count + 1);
    this.partitions = new Uint8Array(count);
    this.#places = new Int32Array(count * 4);
    this.#baseStamps = new Float64Array(count * 3);
    const pieces: Buffer[] = [];
    const beats: RingBeat[] = [];
    let session = '';
    let index = 0;
    let end = 0;
    for (const { key, partition, value, atMs } of loadRecords(count, { ...options, firstSequence })) {
      if (key === undefined) {
        if (session === '') session = value;
        else if (partition === 0 && value.includes('"heartbeat"')) beats.push({ before: index, timeMs: atMs });
        continue;
      }
      this.starts[index] = end;
      this.partitions[index] = partition;
      this.#find(index, value, end);
      pieces.push(Buffer.from(value));
      end += value.length;
      index += 1;
    }
    this.starts[index] = end;
    this.bytes = Buffer.concat(pieces);
    this.beats = beats;
    this.session = session;
  }

  /** Writes the stamps and sequences of the `lap`-th time around, 0 for the first. */
  turnTo(lap: number): void {
    const laterMs = lap * this.lengthMs;
    for (let index = 0; index < this.count; index += 1) {
      this.#write(this.#places[index * 4] as number, sequenceDigits, firstSequence + lap * this.count + index);
      for (let stamp = 0; stamp < 3; stamp += 1) {
        this.#write(this.#places[index * 4 + 1 + stamp] as number, stampDigits, (this.#baseStamps[index * 3 + stamp] as number) + laterMs);
      }
    }
  }

  #find(index: number, value: string, start: number): void {
    this.#places[index * 4] = start + value.indexOf(sequenceName) + sequenceName.length;
    for (const [stamp, name] of stamps.entries()) {
      const at = value.indexOf(name) + name.length;
      this.#places[index * 4 + 1 + stamp] = start + at;
      this.#baseStamps[index * 3 + stamp] = Number(value.slice(at, at + stampDigits));
    }
  }

  #write(at: number, digits: number, value: number): void {
    let rest = value;
    for (let place = at + digits - 1; place >= at; place -= 1) {
      const tenth = Math.floor(rest / 10);
      this.bytes[place] = 48 + rest - tenth * 10;
      rest = tenth;
    }
  }
}
