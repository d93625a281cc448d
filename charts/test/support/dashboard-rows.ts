/** Rows of every table that dashboards read, around the end of a month: with and without the values that may be absent. */
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs, intervals } from '@tapeline/core/intervals';
import type { StoreBatch } from '@tapeline/database/market-store';
import { aBar, aFullBar, aGap, aLatest, anAlert, anInstrument, aTick } from '../../../database/test/support/rows.ts';

/** A year's, a month's, a day's and a half day's end at once: the end of every bucket that there is. */
export const midnight = Date.parse('2025-01-01T00:00:00Z');

export const symbols = ['BTC/USD', "O'HARE"] as const;

/** Two bars of each interval before and two after midnight; the second after it, the newest, has nothing that may be absent. */
function barsAround(interval: Interval, symbol: string): readonly Bar[] {
  const length = intervalMs(interval);
  return [-2, -1, 0, 1].map(index => {
    const startMs = midnight + index * length;
    const over = { symbol, interval, startMs, endMs: startMs + length };
    return index === 1 ? aFullBar(over) : aBar({ ...over, volume: 12.5 });
  });
}

/** In which each query of each dashboard finds something. */
export function everything(): StoreBatch {
  const gap = { fromMs: midnight - 30_000, toMs: midnight + 15_000 };
  return {
    ticks: [-1, 1].map(index =>
      aTick({
        sequence: index + 2,
        timeMs: midnight + index * 1_000,
        sourceTimeMs: midnight + index * 1_000,
        receivedTimeMs: midnight + index * 1_000 + 640,
      }),
    ),
    bars: intervals.flatMap(interval => symbols.flatMap(symbol => barsAround(interval, symbol))),
    latest: symbols.map(symbol => aLatest({ symbol, bid: 69_142, ask: 69_142.5, timeMs: midnight })),
    gaps: [aGap(gap), aGap({ ...gap, reason: 'socket', filled: true })],
    instruments: [anInstrument()],
    alerts: [
      anAlert({ timeMs: midnight }),
      anAlert({ id: 'mute/feed', rule: 'mute', condition: 'stale', symbol: undefined, feed: 'twelve-data/0', timeMs: midnight - 1 }),
    ],
  };
}
