/**
 * This file lets one process at a time do something to a folder.
 *
 * The lock is SQLite's on a file: the kernel releases it when the holder ends, however it ends, so there is no stale lock to break.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSqliteBusy } from '@tapeline/core/system-errors';

const RETRY_MS = 200;

export interface ExclusiveOptions {
  /** Called once when another process holds the lock. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `action` while this process alone holds the lock file at `path`; waits for as long as another one has it. */
export async function exclusively<T>(path: string, action: () => Promise<T>, options: ExclusiveOptions = {}): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  try {
    let waiting = false;
    while (!tryLock(database)) {
      if (!waiting) options.onWait?.();
      waiting = true;
      await sleep(RETRY_MS, undefined, { signal: options.signal });
    }
    return await action();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isSqliteBusy(error)) return false;
    throw error;
  }
}
