/** The bytes of the updates that are on their way to the sockets: framed once, written as they are, and forgotten with the next turn. */
import type { RowTable } from './row-table.ts';
import { longestHead, opcodes, writeHead } from './websocket-frame.ts';

/** Bytes from `start` up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Rows in it. */
  readonly rows: number;
}

/** The form of rows (README.md, "Rows"): grows when a reader of the one before could not read them. */
const format = 1;
const headBytes = 20;
const firstSize = 1 << 20;

export class UpdateBytes {
  #bytes = Buffer.allocUnsafeSlow(firstSize);
  #words = new Uint32Array(this.#bytes.buffer);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #epoch = 0;

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Grows whenever earlier spans are no longer there. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Forgets all of them. */
  begin(): void {
    this.#at = 0;
    this.#epoch += 1;
  }

  /** Makes room for one client; earlier spans may be forgotten for it. */
  reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    if (bytes > this.#bytes.length) this.#allocate(2 ** Math.ceil(Math.log2(bytes)));
    this.begin();
  }

  /**
   * Frames the rows that are watched and changed, or are pending.
   * @returns `undefined` when there are none
   */
  rows(
    table: RowTable,
    rows: { readonly watched: Uint32Array; readonly changed: Uint32Array; readonly pending: Uint32Array | undefined },
    nowMs: number,
  ): Span | undefined {
    const payload = (this.#at + longestHead + 3) & ~3;
    const first = (payload + headBytes) >> 2;
    const next = table.gather(this.#words, first, rows.watched, rows.changed, rows.pending);
    return next === first ? undefined : this.#framed(payload, next << 2, { nowMs, baseMs: table.baseMs, rows: table.gathered });
  }

  /** A frame without rows: the clock alone. */
  clock(nowMs: number, baseMs: number): Span {
    const payload = (this.#at + longestHead + 3) & ~3;
    return this.#framed(payload, payload + headBytes, { nowMs, baseMs, rows: 0 });
  }

  /** Takes back what nobody else is told: the next client's bytes go into the same lines of the processor's cache. */
  giveBack({ start, end }: Span): void {
    if (end === this.#at) this.#at = start;
  }

  /** Puts frames behind those of a span. */
  join(span: Span | undefined, frames: readonly (Buffer | undefined)[]): Span {
    let start = this.#at;
    if (span !== undefined && span.end === start) start = span.start;
    else if (span !== undefined) this.#append(this.#bytes.subarray(span.start, span.end));
    for (const frame of frames) if (frame !== undefined) this.#append(frame);
    return { start, end: this.#at, rows: span?.rows ?? 0 };
  }

  #framed(payload: number, end: number, { nowMs, baseMs, rows }: { nowMs: number; baseMs: number; rows: number }): Span {
    this.#view.setUint32(payload, format, true);
    this.#view.setFloat64(payload + 4, nowMs, true);
    this.#view.setFloat64(payload + 12, baseMs, true);
    const start = writeHead(this.#bytes, payload, end - payload, opcodes.binary);
    this.#at = end;
    return { start, end, rows };
  }

  #append(bytes: Buffer): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #allocate(size: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.#view = new DataView(this.#bytes.buffer);
  }
}
