import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gap, MarketStore } from '@tapeline/database/market-store';
import { queryFilledForward } from '../src/api/filled-forward.ts';
import { pageBack } from '../src/api/pages.ts';
import type { BoardBar } from '../src/board-messages.ts';
import { ChartHistory } from '../src/browser/chart-history.ts';
import type { GapSpan } from '../src/browser/time-slots.ts';
import { gapsOf } from '../src/export/store-pages.ts';
import { aBar, aGap, minuteMs, type StockedBoard, startStockedBoard, tenOClockMs } from './support/stocked-board.ts';

const at = (minutes: number) => tenOClockMs + minutes * minuteMs;
const others = 60_000;
const first = { fromMs: at(2), toMs: at(3) };
const second = { fromMs: at(3) + 30_000, toMs: at(4) };

let board: StockedBoard;

/** Two gaps of a symbol, and then more of others than are looked at for one page. */
beforeAll(async () => {
  const gaps = Array.from({ length: others }, (_, index) => aGap({ symbol: `X${index}`, fromMs: at(5), toMs: at(6) }));
  board = await startStockedBoard(
    {
      bars: [1, 5, 8].map(minutes => aBar({ startMs: at(minutes), close: 100 + minutes })),
      gaps: [aGap(first), aGap(second), ...gaps],
    },
    { nowMs: at(20) },
  );
}, 60_000);

afterAll(() => board.close());

/** Windows with their flags, of a page of bars filled forward. */
async function flagged(store: MarketStore, toMs: number): Promise<{ readonly windows: readonly string[]; readonly hasMore: boolean }> {
  const query = { symbol: 'BTC/USD', interval: '1m', fromMs: undefined, toMs, limit: 500 } as const;
  const { rows, hasMore } = await queryFilledForward({ store, market: board.running.market }, query, at(20));
  return { windows: rows.map(row => `${(row.startMs - at(0)) / minuteMs} ${row.flags}`.trim()), hasMore };
}

describe('gaps of a symbol behind more of others than a page looks at', () => {
  it('flag the windows that are filled forward', async () => {
    expect(await flagged(board.running.store, at(9))).toEqual({
      windows: ['1', '2 gap', '3 gap', '4', '5', '6', '7', '8'],
      hasMore: false,
    });
  });

  it('leave what is behind half a million of them to the next page', async () => {
    const ofOthers = 520_000;
    const crowded: MarketStore = Object.create(board.running.store, {
      bars: { value: (query: Parameters<MarketStore['bars']>[0]) => board.running.store.bars(query) },
      gaps: {
        value: async ({ fromMs, toMs, limit = 0 }: Parameters<MarketStore['gaps']>[0]): Promise<readonly Gap[]> => {
          // One each 0.2 ms before the sixth minute, and the two.
          const newest = Math.min(ofOthers, Math.max(0, Math.ceil((Math.min(toMs, at(6)) - at(6)) * 5) + ofOthers));
          const crowd = Array.from({ length: Math.min(limit, newest) }, (_, index) => {
            const number = newest - 1 - index;
            return aGap({ symbol: `X${number}`, fromMs: at(6) - Math.ceil((ofOthers - number) / 5), toMs: at(6) });
          });
          const own = [aGap(second), aGap(first)].filter(gap => gap.fromMs >= fromMs && gap.fromMs < toMs);
          return [...crowd, ...own].sort((a, b) => b.fromMs - a.fromMs).slice(0, limit);
        },
      },
    });
    expect(await flagged(crowded, at(9))).toEqual({ windows: ['5', '6', '7', '8'], hasMore: true });
    expect(await flagged(crowded, at(5))).toEqual({ windows: ['1', '2 gap', '3 gap', '4'], hasMore: false });
  });

  it('end for a place among them that nobody was given', async () => {
    const { store } = board.running;
    const table = { ...gapsOf(store), isWanted: (gap: Gap) => gap.symbol === 'BTC/USD' };
    const place = { fromMs: 0, timeMs: at(5), key: 'nobody', seen: 1 };
    expect((await pageBack(table, { range: { fromMs: 0, toMs: at(9) }, limit: 10, place })).rows).toEqual([]);
  });

  it('are on the chart', async () => {
    const { fetch: plain } = globalThis;
    globalThis.fetch = (input, init) => plain(new URL(String(input), `${board.url}/`), init);
    try {
      const gaps = await new Promise<readonly GapSpan[]>(resolve => {
        const nothing = () => undefined;
        const history = new ChartHistory({
          newest: nothing,
          older: nothing,
          again: nothing,
          missing: nothing,
          known: nothing,
          gaps: resolve,
          alerts: nothing,
        });
        history.around([1, 8].map(minutes => aBar({ startMs: at(minutes) }) as BoardBar));
      });
      expect(gaps).toMatchObject([first, second]);
    } finally {
      globalThis.fetch = plain;
    }
  });
});
