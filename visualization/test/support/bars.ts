/** Bars as screens see them, for tests of the page's modules. */
import type { BoardBar } from '../../src/board-messages.ts';

export function aBar(startMs: number, fields: Partial<BoardBar> = {}): BoardBar {
  return {
    symbol: 'A',
    interval: '1m',
    startMs,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    tickCount: 1,
    state: 'final',
    flags: [],
    revision: 0,
    ...fields,
  };
}
