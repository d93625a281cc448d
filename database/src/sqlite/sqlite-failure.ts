/** What SQLite's errors mean for somebody who runs the store. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { isSqliteBusy, sqliteCode, sqliteCodes } from '@tapeline/core/system-errors';

/**
 * `store.full` for a full disk, `store.unavailable` (retriable) for a lock held too long or a disk that failed to read or write,
 * `data-dir.unusable` for everything else that SQLite says. An error that is not SQLite's stays what it is.
 */
export function sqliteFailure(error: unknown, file: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const options = { cause: error, fields: { file, sqliteCode: code } };
  if (code === sqliteCodes.full) {
    const message = `the store ${file} is full, nothing of this write was kept: free disk space`;
    return new PipelineError('store.full', message, { ...options, retriable: false });
  }
  if (isSqliteBusy(error)) {
    const message = `the store ${file} is locked by another process: try again`;
    return new PipelineError('store.unavailable', message, { ...options, retriable: true });
  }
  if (code === sqliteCodes.ioError) {
    const message = `the disk under the store ${file} failed (${reasonOf(error)}): check the disk and the space left on it`;
    return new PipelineError('store.unavailable', message, { ...options, retriable: true });
  }
  return unusable(file, reasonOf(error), error);
}

/** The error for a folder or file that cannot be used, with what to do. */
export function unusable(file: string, reason: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'data-dir.unusable',
    `the store ${file} cannot be used: ${reason}: check that the folder exists, is writable and holds a store of Tapeline, or set DATA_DIR to another`,
    { retriable: false, cause, fields: { file } },
  );
}
