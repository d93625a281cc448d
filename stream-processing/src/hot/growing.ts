/** Arrays that grow, and the index of nothing. */

/** No row, no symbol, no feed. */
export const none = -1;

/** The larger array with the values of the smaller one at its beginning. */
export function enlarged<T extends Float64Array | Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
