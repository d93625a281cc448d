/** What SQLite's errors mean for somebody who runs the store. */
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
 * `store.full` for a full disk, `store.unavailable` (retriable) for a lock held too long or a disk that failed to read or write,
 * `data-dir.unusable` for everything else that SQLite says. An error that is not SQLite's stays what it is.
 */
export function sqliteFailure(error: unknown, file: string): unknown {
  const code = primaryCode(error);
  if (code === undefined) return error;
  const options = { cause: error, fields: { file, sqliteCode: code } };
  if (code === full) {
    const message = `the store ${file} is full, nothing of this write was kept: free disk space`;
    return new PipelineError('store.full', message, { ...options, retriable: false });
  }
  if (isBusy(error)) {
    const message = `the store ${file} is locked by another process: try again`;
    return new PipelineError('store.unavailable', message, { ...options, retriable: true });
  }
  if (code === ioError) {
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

/** SQLite's extended codes carry the primary one in their lowest byte. */
function primaryCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
