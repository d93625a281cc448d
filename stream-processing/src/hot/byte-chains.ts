/**
 * Many short lists of bytes that grow at the end and shrink at the front, in chains of small chunks cut from large pages: no list has
 * more than two chunks that are not full, and a chunk that a list gives up serves any other.
 */
import { enlarged, moreThan, none } from './growing.ts';

const chunkWords = 16;
/** The first word of a chunk is the next one of its chain. */
const dataWords = chunkWords - 1;
const dataBytes = dataWords * 4;
const pageChunks = 1 << 10;

/** Of each list: first and last chunk, where its bytes begin in the first and end in the last. */
const fields = 4;

export class ByteChains {
  readonly #words: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  #lists = new Int32Array(64 * fields).fill(none);
  #free = none;
  #used = 0;
  /** What was gathered last, in whole chunks. */
  #gathered = new Int32Array(1_024);
  #gatheredBytes = new Uint8Array(this.#gathered.buffer);

  reserve(count: number): void {
    if (count * fields <= this.#lists.length) return;
    const length = Math.max(count, moreThan(this.#lists.length / fields)) * fields;
    this.#lists = enlarged(this.#lists, new Int32Array(length).fill(none));
  }

  isEmpty(list: number): boolean {
    return this.#lists[list * fields] === none;
  }

  /** The bytes that `gather` gave, until the next call. */
  get gathered(): Uint8Array {
    return this.#gatheredBytes;
  }

  /** Where a list's bytes begin in `gathered`. */
  begin(list: number): number {
    return this.isEmpty(list) ? 0 : (this.#lists[list * fields + 2] as number);
  }

  /** Copies a list's bytes into `gathered`; gives their end. */
  gather(list: number): number {
    const at = list * fields;
    const last = this.#lists[at + 1] as number;
    let chunk = this.#lists[at] as number;
    let to = 0;
    while (chunk !== none) {
      const words = this.#words[Math.floor(chunk / pageChunks)] as Int32Array;
      const from = (chunk % pageChunks) * chunkWords;
      if (to + dataWords > this.#gathered.length) this.#growGathered();
      const gathered = this.#gathered;
      for (let index = 0; index < dataWords; index += 1) gathered[to + index] = words[from + 1 + index] as number;
      to += dataWords;
      if (chunk === last) return (to - dataWords) * 4 + (this.#lists[at + 3] as number);
      chunk = words[from] as number;
    }
    return to * 4;
  }

  /** Adds `bytes[0, length)` to the end of a list. */
  append(list: number, bytes: Uint8Array, length: number): void {
    const at = list * fields;
    if (this.#lists[at] === none) this.#start(at);
    let chunk = this.#lists[at + 1] as number;
    let to = this.#lists[at + 3] as number;
    for (let index = 0; index < length; ) {
      if (to === dataBytes) {
        chunk = this.#follow(chunk);
        to = 0;
      }
      const page = this.#bytes[Math.floor(chunk / pageChunks)] as Uint8Array;
      const base = ((chunk % pageChunks) * chunkWords + 1) * 4;
      const end = Math.min(dataBytes, to + length - index);
      for (; to < end; to += 1, index += 1) page[base + to] = bytes[index] as number;
    }
    this.#lists[at + 1] = chunk;
    this.#lists[at + 3] = to;
  }

  /** Takes so many bytes from the front of a list. */
  drop(list: number, count: number): void {
    const at = list * fields;
    let from = (this.#lists[at + 2] as number) + count;
    while (from >= dataBytes && this.#lists[at] !== this.#lists[at + 1]) {
      from -= dataBytes;
      this.#lists[at] = this.#giveBack(this.#lists[at] as number);
    }
    this.#lists[at + 2] = from;
    if (this.#lists[at] !== this.#lists[at + 1] || from < (this.#lists[at + 3] as number)) return;
    this.#giveBack(this.#lists[at] as number);
    this.#lists.fill(none, at, at + fields);
  }

  /** Empties a list. */
  clear(list: number): void {
    const at = list * fields;
    const last = this.#lists[at + 1] as number;
    let chunk = this.#lists[at] as number;
    while (chunk !== none) {
      const next = this.#giveBack(chunk);
      chunk = chunk === last ? none : next;
    }
    this.#lists.fill(none, at, at + fields);
  }

  #start(at: number): void {
    const chunk = this.#take();
    this.#lists[at] = chunk;
    this.#lists[at + 1] = chunk;
    this.#lists[at + 2] = 0;
    this.#lists[at + 3] = 0;
  }

  #follow(chunk: number): number {
    const next = this.#take();
    this.#setNext(chunk, next);
    return next;
  }

  #take(): number {
    const chunk = this.#free;
    if (chunk !== none) {
      this.#free = this.#next(chunk);
      return chunk;
    }
    if (this.#used === this.#words.length * pageChunks) {
      const words = new Int32Array(pageChunks * chunkWords);
      this.#words.push(words);
      this.#bytes.push(new Uint8Array(words.buffer));
    }
    this.#used += 1;
    return this.#used - 1;
  }

  /** Gives a chunk back; says which was the next of its chain. */
  #giveBack(chunk: number): number {
    const next = this.#next(chunk);
    this.#setNext(chunk, this.#free);
    this.#free = chunk;
    return next;
  }

  #next(chunk: number): number {
    return (this.#words[Math.floor(chunk / pageChunks)] as Int32Array)[(chunk % pageChunks) * chunkWords] as number;
  }

  #setNext(chunk: number, next: number): void {
    (this.#words[Math.floor(chunk / pageChunks)] as Int32Array)[(chunk % pageChunks) * chunkWords] = next;
  }

  #growGathered(): void {
    this.#gathered = enlarged(this.#gathered, new Int32Array(2 * this.#gathered.length));
    this.#gatheredBytes = new Uint8Array(this.#gathered.buffer);
  }
}
