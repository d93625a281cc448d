/**
 * This file reads the codes that Node and SQLite put on their errors.
 *
 * By structure, not by `instanceof Error`: under jest, Node's own errors belong to another realm than the code under test.
 */

/** `code` of a thrown value: `ENOENT`, `ESRCH`; undefined when it has none. */
export function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** SQLite's own number of a thrown value: 5 is "busy". */
export function sqliteCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
}
