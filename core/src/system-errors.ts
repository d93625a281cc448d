/**
 * The codes that Node and SQLite put on their errors.
 *
 * By structure, not by `instanceof Error`: under jest, Node's own errors belong to another realm than the code under test.
 */

/** `code` of a thrown value: `ENOENT`, `ESRCH`; undefined when it has none. */
export function systemCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** What SQLite failed for, by its primary code. */
export const sqliteCodes = { busy: 5, locked: 6, ioError: 10, full: 13 } as const;

/** SQLite's primary code, which an extended one carries in its lowest byte; undefined when the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** True when another connection holds the lock that was asked for. */
export function isSqliteBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === sqliteCodes.busy || code === sqliteCodes.locked;
}
