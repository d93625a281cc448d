/** The windows of a symbol as a snapshot holds them. */
import { readClosed, roomOfClosed, writeClosed } from './closed-windows';
import { levelCount } from './levels';
import { countOpen, newerOpen, oldestOpen, openList } from './open-lists';
import { endOfOpen, readOpen, writeOpen } from './open-windows';
import { NEXT_CLOSE, NEXT_UPPER, rowOf } from './symbol-rows';
import { forget, latenessMs } from './symbol-windows';
import { WINDOW_BYTES } from './window-row';

/** Bytes that `writeWindows` writes at most. */
export function roomOfWindows(slot: i32): i32 {
  forget(slot);
  let bytes = 0;
  for (let level = 0; level < levelCount; level += 1) {
    bytes += 8 + countOpen(openList(slot, level)) * <i32>WINDOW_BYTES + roomOfClosed(slot * levelCount + level);
  }
  return bytes;
}

/** Writes all windows of a symbol as numbers of eight bytes; gives the end. */
export function writeWindows(slot: i32, out: usize): usize {
  forget(slot);
  let at = out;
  for (let level = 0; level < levelCount; level += 1) at = writeClosed(slot * levelCount + level, writeOpen(openList(slot, level), level, at));
  return at;
}

/** Reads what `writeWindows` wrote into a symbol that was begun; gives the end. */
export function readWindows(slot: i32, from: usize): usize {
  const row = rowOf(slot);
  let at = from;
  let earliestMs: f64 = Infinity;
  for (let level = 0; level < levelCount; level += 1) {
    const list = openList(slot, level);
    at = readClosed(slot * levelCount + level, readOpen(list, level, at));
    for (let open = oldestOpen(list); open; open = newerOpen(open)) {
      const endMs = endOfOpen(level, open);
      earliestMs = min<f64>(earliestMs, endMs);
      if (level > 0) store<f64>(row, min<f64>(load<f64>(row, NEXT_UPPER), endMs), NEXT_UPPER);
    }
  }
  store<f64>(row, earliestMs + latenessMs, NEXT_CLOSE);
  return at;
}
