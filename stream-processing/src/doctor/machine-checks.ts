/** What this machine gives: Node, folders that can be written, room on their disks, files that are whole. */
import { accessSync, constants, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Configuration } from '@tapeline/core/configuration';
import { reasonOf } from '@tapeline/core/errors';
import { sqliteFaults } from '@tapeline/database/sqlite/sqlite-inspection';
import { type Finding, fault, ok, skipped, warning } from './finding.ts';

const triedMajor = 24;
const mebibyte = 1_048_576;
/** A larger file takes longer than a check may, and nothing can break off a look into it. */
const mostInspectedBytes = 512 * mebibyte;

/** @param version as `24.21.0`. */
export function nodeFindings(version: string): readonly Finding[] {
  const major = Number(version.split('.')[0]);
  if (major < triedMajor)
    return [fault('node', `version ${version}, expected ${triedMajor}`, 'run it by npm, which brings its own, or install it')];
  if (major > triedMajor) return [warning('node', `version ${version}; only ${triedMajor} was tried`, `use Node ${triedMajor}`)];
  return [ok('node', `version ${version}`)];
}

/** The folders that a process with these settings writes. */
export function writtenFolders(configuration: Configuration): readonly string[] {
  const { KAFKA_BROKERS, CASSANDRA_CONTACT_POINTS, DATA_DIR, EXPORT_FOLDER, FEED_RECORDING_FILE } = configuration;
  const isStandalone = KAFKA_BROKERS === undefined || CASSANDRA_CONTACT_POINTS === undefined;
  const folders = [isStandalone ? DATA_DIR : undefined, EXPORT_FOLDER, FEED_RECORDING_FILE && dirname(FEED_RECORDING_FILE)];
  return [...new Set(folders.filter(folder => folder !== undefined).map(folder => resolve(folder)))];
}

/** Whether a folder can be written, and what room its disk has. */
export async function folderFindings(folder: string): Promise<readonly Finding[]> {
  const check = `folder ${folder}`;
  const existing = existingFolder(folder);
  try {
    accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return [fault(check, `it cannot be written: ${reasonOf(error)}`, 'correct its owner or permissions, or name another')];
  }
  const { bsize, blocks, bavail } = await statfs(existing);
  return roomFindings(check, { freeBytes: bavail * bsize, totalBytes: blocks * bsize });
}

export function roomFindings(
  check: string,
  { freeBytes, totalBytes }: { readonly freeBytes: number; readonly totalBytes: number },
): readonly Finding[] {
  const what = `${Math.floor(freeBytes / mebibyte)} MiB of ${Math.floor(totalBytes / mebibyte)} MiB are free`;
  const remedy = 'free some, or name a folder on another disk: a full disk stops the flow';
  if (freeBytes < 256 * mebibyte) return [fault(check, what, remedy)];
  if (freeBytes < 2_048 * mebibyte) return [warning(check, what, remedy)];
  return [ok(check, what)];
}

/** Whether an SQLite file of `DATA_DIR` is whole. */
export function fileFindings(dataDirectory: string, name: string): readonly Finding[] {
  const file = join(dataDirectory, name);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return [skipped(name, `${file} is not there`)];
  if (size > mostInspectedBytes) {
    return [
      skipped(
        name,
        `${Math.floor(size / mebibyte)} MiB are too much to look through here; stop the process and run PRAGMA quick_check on it`,
      ),
    ];
  }
  const faults = sqliteFaults(file);
  if (faults.length === 0) return [ok(name, 'it is whole')];
  const remedy = 'stop the process, put the file aside, and restore a copy; bars come back from a log that is whole (tapeline rebuild)';
  return [fault(name, `${file} is broken: ${faults.join('; ')}`, remedy)];
}

/** The folder itself, or the one above it that it would be made in. */
function existingFolder(folder: string): string {
  let existing = resolve(folder);
  while (statSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  return existing;
}
