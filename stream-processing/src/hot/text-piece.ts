/** Unchanging text, kept as words so that it is stored eight bytes at a time. */

/** Bytes behind the end of a piece that storing it may touch. */
export const pieceRoom = 8;

export interface Piece {
  /** The text eight bytes to a double, little-endian, filled up with zeros. ASCII is never a NaN, so a double keeps its bytes. */
  readonly words: Float64Array;
  readonly length: number;
}

/** @throws RangeError when the text is not ASCII. */
export function piece(text: string): Piece {
  if (!/^[ -~]*$/.test(text)) throw new RangeError(`a piece of text must be ASCII, was ${text}`);
  const words = new Float64Array(Math.ceil(text.length / 8));
  new Uint8Array(words.buffer).set(new TextEncoder().encode(text));
  return { words, length: text.length };
}

/** Writes a piece at `at`; gives the end of it. Up to {@link pieceRoom} bytes behind may be overwritten. */
export function writePiece(view: DataView, at: number, text: Piece): number {
  const { words } = text;
  for (let index = 0; index < words.length; index += 1) view.setFloat64(at + 8 * index, words[index] as number, true);
  return at + text.length;
}
