/**
 * Takes everyday text messages out of a WebSocket's bytes before its library sees them: whole, unfragmented, from the server (RFC 6455, §5.2).
 * All other frames, and those that a piece of the stream cuts, go on to the library, which therefore sees a stream of whole frames.
 */

export interface FrameListener {
  /** A text message; false sends its frame on to the library. */
  readonly take: (bytes: Uint8Array, start: number, end: number) => boolean;
  /** For the library, in order. */
  readonly pass: (bytes: Buffer) => void;
}

const finalText = 0x81;
const close = 0x8;
const longestHead = 10;

export class EverydayFrames {
  readonly #listener: FrameListener;
  /** Bytes of a cut frame that the library still waits for; −1 while not even its head is whole. */
  #missing = 0;
  /** The beginning of a frame whose head was cut. */
  #head = Buffer.alloc(0);
  /** Between the first frame of a message and its last. */
  #isFragmented = false;
  #isOver = false;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** The next piece of the stream. */
  push(bytes: Buffer): void {
    let at = this.#missing === 0 ? 0 : this.#goOn(bytes);
    while (at < bytes.length && !this.#isOver) {
      const head = headBytes(bytes, at);
      const length = head === 0 ? -1 : head + payloadBytes(bytes, at);
      if (length < 0 || at + length > bytes.length) return this.#cut(bytes, at, length);
      const isEveryday = bytes[at] === finalText && head <= 4 && ((bytes[at + 1] ?? 0) & 0x80) === 0 && !this.#isFragmented;
      if (!isEveryday || !this.#listener.take(bytes, at + head, at + length)) {
        this.#listener.pass(bytes.subarray(at, at + length));
        this.#note(bytes[at] ?? 0);
      }
      at += length;
    }
    // Behind a close frame nothing is a frame to us: the library decides.
    if (at < bytes.length) this.#listener.pass(bytes.subarray(at));
  }

  #cut(bytes: Buffer, at: number, length: number): void {
    this.#listener.pass(bytes.subarray(at));
    if (length < 0) {
      this.#head = Buffer.from(bytes.subarray(at));
      this.#missing = -1;
      return;
    }
    this.#missing = length - (bytes.length - at);
    this.#note(bytes[at] ?? 0);
  }

  /** Passes on what belongs to the cut frame; gives where the next one begins. */
  #goOn(bytes: Buffer): number {
    if (this.#missing < 0) {
      const seen = this.#head.length;
      const start = Buffer.concat([this.#head, bytes.subarray(0, longestHead)]);
      const head = headBytes(start, 0);
      if (head === 0) {
        this.#head = start;
        this.#listener.pass(bytes);
        return bytes.length;
      }
      this.#missing = head + payloadBytes(start, 0) - seen;
      this.#note(start[0] ?? 0);
    }
    const end = Math.min(bytes.length, this.#missing);
    this.#missing -= end;
    this.#listener.pass(bytes.subarray(0, end));
    return end;
  }

  /** Takes in what a frame means for those behind it. */
  #note(first: number): void {
    const opcode = first & 0x0f;
    if (opcode < close) this.#isFragmented = (first & 0x80) === 0;
    if (opcode === close) this.#isOver = true;
  }
}

/** Length of the head of the frame at `at`; 0 when not all of it is there. */
function headBytes(bytes: Buffer, at: number): number {
  if (at + 2 > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const short = second & 0x7f;
  const length = 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + (second & 0x80 ? 4 : 0);
  return at + length > bytes.length ? 0 : length;
}

/** Length of the payload of the frame at `at`, whose head is there. */
function payloadBytes(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
