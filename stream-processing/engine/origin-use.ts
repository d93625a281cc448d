/**
 * Finds the origins that no window is told from any more, so that a feed that begins sessions for weeks leaves none of them behind.
 * It looks through all windows, so it is asked for only when a session begins, for that does the same. What can be forgotten is
 * forgotten first: what is found depends on the log alone, and not on when snapshots were made.
 */
import { listAt } from './closed-lists';
import { levelCount } from './levels';
import { NONE } from './memory';
import { newerOpen, oldestOpen, openList } from './open-lists';
import { originOfOpen } from './open-windows';
import { beginUses, dropUnused, isSearchDue, noteUse } from './origin-table';
import { beginRows, nextRow, readRowOrigin } from './packed-windows';
import { symbolCount } from './symbols';
import { forget } from './symbol-windows';
import { CLOSED_BYTES } from './window-row';

const ROW: usize = memory.data(<i32>CLOSED_BYTES, 16);

/** Makes room in the table of origins where it has none left, and a long one short again. */
export function dropOrigins(): void {
  if (!isSearchDue()) return;
  beginUses();
  for (let slot = 0; slot < symbolCount; slot += 1) {
    forget(slot);
    for (let level = 0; level < levelCount; level += 1) {
      noteOpen(openList(slot, level), level);
      noteClosed(listAt(slot * levelCount + level));
    }
  }
  dropUnused();
}

function noteOpen(list: usize, level: i32): void {
  for (let row = oldestOpen(list); row; row = newerOpen(row)) {
    const origin = originOfOpen(level, row);
    if (origin != NONE) noteUse(origin);
  }
}

function noteClosed(record: usize): void {
  beginRows(record);
  while (nextRow()) noteUse(readRowOrigin(ROW));
}
