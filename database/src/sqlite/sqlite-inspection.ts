/** Looks through an SQLite file for whoever checks a deployment; it changes nothing. */
import { DatabaseSync } from 'node:sqlite';
import { reasonOf } from '@tapeline/core/errors';

const mostFaults = 3;

/** What is broken in a file that is there, the first few; empty for one that is whole. Takes seconds for each GiB. */
export function sqliteFaults(file: string): readonly string[] {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    const rows = database.prepare(`PRAGMA quick_check(${mostFaults})`).all();
    return rows.map(row => String(row.quick_check)).filter(text => text !== 'ok');
  } catch (error) {
    return [reasonOf(error)];
  } finally {
    database?.close();
  }
}
