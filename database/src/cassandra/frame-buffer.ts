/** Bytes of the native protocol, written one after the other into memory that is used again for the next frame. */
import cassandra from 'cassandra-driver';

const { dataTypes, unset } = cassandra.types;
const { text, varchar, double, int, bigint, timestamp, boolean } = dataTypes;

const requestVersion = 0x04;
const highWord = 0x1_0000_0000;
const nullLength = -1;
const unsetLength = -2;

export class FrameBuffer {
  #bytes = Buffer.allocUnsafeSlow(65_536);
  #view = viewOf(this.#bytes);
  #length = 0;

  /** Begins a frame whose header `end` fills in. */
  begin(headerBytes: number): void {
    this.#length = headerBytes;
  }

  /** A copy of the frame; its header says how long the rest is. */
  end(streamId: number, opcode: number): Buffer {
    this.#view.setUint8(0, requestVersion);
    this.#view.setUint8(1, 0);
    this.#view.setInt16(2, streamId);
    this.#view.setUint8(4, opcode);
    this.#view.setInt32(5, this.#length - 9);
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  byte(value: number): void {
    this.#view.setUint8(this.#claim(1), value);
  }

  short(value: number): void {
    this.#view.setUint16(this.#claim(2), value);
  }

  twoInts(high: number, low: number): void {
    const at = this.#claim(8);
    this.#view.setInt32(at, high);
    this.#view.setInt32(at + 4, low);
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#claim(bytes.length));
  }

  /** A value with its length before it, as a column of this type code; false when that is for the driver to say. */
  value(value: unknown, code: number): boolean {
    if (value === unset || value === null) {
      this.#view.setInt32(this.#claim(4), value === null ? nullLength : unsetLength);
      return true;
    }
    if (typeof value === 'string') return (code === varchar || code === text) && this.#text(value);
    if (typeof value === 'number') return this.#number(value, code);
    if (typeof value !== 'boolean' || code !== boolean) return false;
    this.#view.setInt32(this.#claim(4), 1);
    this.byte(value ? 1 : 0);
    return true;
  }

  #number(value: number, code: number): boolean {
    if (code === double) {
      const at = this.#claim(12);
      this.#view.setInt32(at, 8);
      this.#view.setFloat64(at + 4, value);
      return true;
    }
    if (code === int && (value | 0) === value) {
      const at = this.#claim(8);
      this.#view.setInt32(at, 4);
      this.#view.setInt32(at + 4, value);
      return true;
    }
    if ((code !== bigint && code !== timestamp) || !Number.isSafeInteger(value)) return false;
    const at = this.#claim(12);
    this.#view.setInt32(at, 8);
    this.#view.setInt32(at + 4, Math.floor(value / highWord));
    this.#view.setUint32(at + 8, value >>> 0);
    return true;
  }

  /** Symbols, intervals and buckets are short and ASCII; all else is for Node. */
  #text(value: string): boolean {
    const start = this.#claim(4 + value.length * 3);
    const at = start + 4;
    let i = 0;
    for (; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 127) break;
      this.#bytes[at + i] = code;
    }
    const length = i === value.length ? i : this.#bytes.write(value, at, 'utf8');
    this.#view.setInt32(start, length);
    this.#length = at + length;
    return true;
  }

  /** Where so many bytes may be written; they count as written. */
  #claim(bytes: number): number {
    const at = this.#length;
    this.#length = at + bytes;
    if (this.#length > this.#bytes.length) this.#grow();
    return at;
  }

  #grow(): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
