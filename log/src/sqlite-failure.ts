/** What SQLite's errors mean for somebody who runs the embedded log. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { isSqliteBusy, sqliteCode, sqliteCodes } from '@tapeline/core/system-errors';

/**
 * `log.full` for a full disk, `log.unavailable` (retriable) for a lock held too long or a disk that failed to read or write (over a
 * quota is told so, too), `data-dir.unusable` for everything else that SQLite says. An error that is not SQLite's stays what it is.
 */
export function sqliteFailure(error: unknown, directory: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const options = { cause: error, fields: { directory, sqliteCode: code } };
  if (code === sqliteCodes.full) {
    const message = `the log in ${directory} is full, nothing of this append was written: free disk space or raise its limit`;
    return new PipelineError('log.full', message, { ...options, retriable: false });
  }
  if (isSqliteBusy(error)) {
    const message = `the log in ${directory} is locked by another connection: try again`;
    return new PipelineError('log.unavailable', message, { ...options, retriable: true });
  }
  if (code === sqliteCodes.ioError) {
    const message = `the disk under the log in ${directory} failed (${reasonOf(error)}): check the disk and the space left on it`;
    return new PipelineError('log.unavailable', message, { ...options, retriable: true });
  }
  return new PipelineError(
    'data-dir.unusable',
    `the log in data directory ${directory} cannot be used: ${reasonOf(error)}: check that the folder exists, is writable and holds a log of Tapeline, or set DATA_DIR to another`,
    { ...options, retriable: false },
  );
}
