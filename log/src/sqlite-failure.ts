/** What SQLite's errors mean for somebody who runs the embedded log. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';

const busy = 5;
const locked = 6;
const ioError = 10;
const full = 13;

/** True when another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === busy || code === locked;
}

/**
 * `log.full` for a full disk, `log.unavailable` (retriable) for a lock held too long or a disk that failed to read or write (over a
 * quota is told so, too), `data-dir.unusable` for everything else that SQLite
 * says. An error that is not SQLite's stays what it is.
 */
export function sqliteFailure(error: unknown, directory: string): unknown {
  const code = primaryCode(error);
  if (code === undefined) return error;
  const options = { cause: error, fields: { directory, sqliteCode: code } };
  if (code === full) {
    return new PipelineError(
      'log.full',
      `the log in ${directory} is full, nothing of this append was written: free disk space or raise its limit`,
      {
        ...options,
        retriable: false,
      },
    );
  }
  if (isBusy(error)) {
    return new PipelineError('log.unavailable', `the log in ${directory} is locked by another connection: try again`, {
      ...options,
      retriable: true,
    });
  }
  if (code === ioError) {
    const message = `the disk under the log in ${directory} failed (${reasonOf(error)}): check the disk and the space left on it`;
    return new PipelineError('log.unavailable', message, { ...options, retriable: true });
  }
  return new PipelineError(
    'data-dir.unusable',
    `the log in data directory ${directory} cannot be used: ${reasonOf(error)}: check that the folder exists, is writable and holds a log of Tapeline, or set DATA_DIR to another`,
    { ...options, retriable: false },
  );
}

/** SQLite's extended codes carry the primary one in their lowest byte. */
function primaryCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
