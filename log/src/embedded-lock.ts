/**
 * One writer for each data directory.
 *
 * The lock is SQLite's exclusive lock on a side file, held for as long as the writer lives: the operating system frees it
 * with the process, `kill -9` included, so no stale lock can keep a restart out. Who holds it stands in a text file
 * beside it, because nobody else can read a file that is locked.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PipelineError } from '@tapeline/core/errors';
import { isSqliteBusy } from '@tapeline/core/system-errors';
import { sqliteFailure } from './sqlite-failure.ts';

/**
 * Takes the writer's lock of `directory`; the function it returns frees it.
 * @throws PipelineError `data-dir.unusable` naming the process that has it.
 */
export function lockForWriting(directory: string): () => void {
  const lock = openLockFile(directory);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (isSqliteBusy(error)) throw taken(directory);
    throw sqliteFailure(error, directory);
  }
  nameOwner(directory);
  return () => lock.close();
}

function nameOwner(directory: string): void {
  try {
    writeFileSync(ownerFile(directory), `${JSON.stringify({ pid: process.pid })}\n`);
  } catch {
    // A full disk must not keep the log from being read; only the name in another's error is lost.
  }
}

function openLockFile(directory: string): DatabaseSync {
  try {
    return new DatabaseSync(join(directory, 'log.lock'), { timeout: 0 });
  } catch (error) {
    throw sqliteFailure(error, directory);
  }
}

function ownerFile(directory: string): string {
  return join(directory, 'log.owner.json');
}

function taken(directory: string): PipelineError {
  const pid = ownerPid(directory);
  const owner = pid === undefined ? 'another process' : `process ${pid}`;
  return new PipelineError(
    'data-dir.unusable',
    `data directory ${directory} is in use by ${owner}, expected to be its only writer: stop ${owner}, or set DATA_DIR to another folder`,
    { retriable: false, fields: { directory, pid } },
  );
}

function ownerPid(directory: string): number | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerFile(directory), 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner)) return undefined;
    return typeof owner.pid === 'number' ? owner.pid : undefined;
  } catch {
    return undefined;
  }
}
