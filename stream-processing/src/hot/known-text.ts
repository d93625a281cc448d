/** Stretches of text that come again and again, recognised eight bytes at a time. */

interface KnownText {
  readonly length: number;
  /** Eight bytes to a double: those at 0, 8, 16 …; the last eight stand apart, because they overlap. */
  readonly words: Float64Array;
  readonly lastWord: number;
}

/** The last few texts, by number from 0 up to the limit, tried in turn from the one that fitted last. */
export class KnownTexts {
  readonly #limit: number;
  readonly #texts: KnownText[] = [];
  #current = 0;
  #oldest = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of the text that the bytes from `at` on begin with, none longer than `room`; −1 when it is none of them. */
  find(view: DataView, at: number, room: number): number {
    const current = this.#current;
    if (current < this.#texts.length && fits(this.#texts[current] as KnownText, view, at, room)) return current;
    return this.#findOther(view, at, room);
  }

  /** Length of the text with this number. */
  lengthOf(index: number): number {
    return (this.#texts[index] as KnownText).length;
  }

  /** Remembers the `length` bytes (at least 8, ASCII) at `at`, in place of the oldest text when there are too many; gives its number. */
  remember(view: DataView, at: number, length: number): number {
    const words = new Float64Array(Math.ceil(length / 8) - 1);
    for (let index = 0; index < words.length; index += 1) words[index] = view.getFloat64(at + 8 * index, true);
    const index = this.#texts.length < this.#limit ? this.#texts.length : this.#oldest;
    if (index === this.#oldest && this.#texts.length === this.#limit) this.#oldest = (index + 1) % this.#limit;
    this.#texts[index] = { length, words, lastWord: view.getFloat64(at + length - 8, true) };
    this.#current = index;
    return index;
  }

  #findOther(view: DataView, at: number, room: number): number {
    for (let index = 0; index < this.#texts.length; index += 1) {
      if (!fits(this.#texts[index] as KnownText, view, at, room)) continue;
      this.#current = index;
      return index;
    }
    return -1;
  }
}

/** Two doubles that are no NaN and not 0 are equal only when their bytes are, and ASCII text is neither. */
function fits(text: KnownText, view: DataView, at: number, room: number): boolean {
  const { words, length } = text;
  if (length > room) return false;
  if (view.getFloat64(at + length - 8, true) !== text.lastWord) return false;
  for (let index = 0; index < words.length; index += 1) {
    if (view.getFloat64(at + 8 * index, true) !== words[index]) return false;
  }
  return true;
}
