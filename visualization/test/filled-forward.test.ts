import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aBar, aGap, dayMs, minuteMs, type StockedBoard, startStockedBoard, tenOClockMs } from './support/stocked-board.ts';

const at = (minutes: number) => tenOClockMs + minutes * minuteMs;

let board: StockedBoard;

/** Bars of the minutes 0, 1, 4 and 8; the feed was away from 5:30 to 6:30 and, while there was a bar, at 1:10. */
beforeAll(async () => {
  board = await startStockedBoard(
    {
      bars: [
        aBar({ startMs: at(0), close: 100 }),
        aBar({ startMs: at(1), close: 101, flags: ['gap'] }),
        aBar({ startMs: at(4), close: 104 }),
        aBar({ startMs: at(8), close: 108 }),
        aBar({ startMs: at(0), interval: '1d', endMs: at(0) + dayMs, close: 7 }),
      ],
      gaps: [
        aGap({ fromMs: at(1) + 10_000, toMs: at(1) + 11_000 }),
        aGap({ fromMs: at(5) + 30_000, toMs: at(6) }),
        aGap({ fromMs: at(5) + 50_000, toMs: at(6) + 30_000, reason: 'another' }),
        aGap({ fromMs: at(2), toMs: at(3), symbol: 'EUR/USD' }),
      ],
    },
    { nowMs: at(20) },
  );
});

afterAll(() => board.close());

async function windows(query: string): Promise<readonly string[]> {
  const answer = (await board.get(`/api/bars?symbol=BTC/USD&interval=1m&fill=forward&${query}`)).json();
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
  return (answer.bars as Record<string, unknown>[]).map(bar =>
    `${(Number(bar.startMs) - at(0)) / minuteMs} ${bar.close} ${bar.state} ${String(bar.flags)}`.trim(),
  );
}

describe('bars filled forward', () => {
  it('repeat the former close with nothing traded', async () => {
    const answer = (await board.get(`/api/bars?symbol=BTC/USD&interval=1m&fill=forward&from=${at(2)}&to=${at(3)}`)).json();
    expect(answer.bars).toEqual([
      {
        ...{ symbol: 'BTC/USD', interval: '1m', startMs: at(2), open: 101, high: 101, low: 101, close: 101, volume: 0, tickCount: 0 },
        ...{ state: 'filled-forward', flags: [], revision: 0 },
      },
    ]);
  });

  it('go from the first bar to the last one, and say where the feed was away', async () => {
    expect(await windows(`from=${at(-60)}&to=${at(20)}`)).toEqual([
      '0 100 final',
      '1 101 final gap',
      '2 101 filled-forward',
      '3 101 filled-forward',
      '4 104 final',
      '5 104 filled-forward gap',
      '6 104 filled-forward gap',
      '7 104 filled-forward',
      '8 108 final',
    ]);
  });

  it('begin in the middle of a hole with the close before it', async () => {
    expect(await windows(`from=${at(6) + 1}&to=${at(8)}`)).toEqual(['7 104 filled-forward']);
    expect(await windows(`to=${at(8)}&limit=2`)).toEqual(['6 104 filled-forward gap', '7 104 filled-forward']);
  });

  it('are nothing beyond the last bar, before the first one, and of nobody', async () => {
    expect(await windows(`from=${at(9)}&to=${at(20)}`)).toEqual([]);
    expect(await windows(`from=${at(-20)}&to=${at(0)}`)).toEqual([]);
    expect((await board.get('/api/bars?symbol=NOBODY&interval=1m&fill=forward')).json()).toEqual({ bars: [] });
  });

  it('come in pages without a hole between them', async () => {
    const pages = await board.pages(`/api/bars?symbol=BTC/USD&interval=1m&fill=forward&limit=4`);
    expect(pages.map(page => page.map(bar => (Number(bar.startMs) - at(0)) / minuteMs))).toEqual([[5, 6, 7, 8], [1, 2, 3, 4], [0]]);
  });

  it('are bounded by the limit, however long the range is', async () => {
    const answer = await board.get(`/api/bars?symbol=BTC/USD&interval=1m&fill=forward&from=2000-01-01&to=${at(9)}&limit=3`);
    expect((answer.json().bars as unknown[]).length).toBe(3);
  });

  it('leave the store as it was', async () => {
    const stored = await board.running.store.bars({ symbol: 'BTC/USD', interval: '1m', fromMs: 0, toMs: at(60) });
    expect(stored.map(bar => bar.startMs)).toEqual([at(0), at(1), at(4), at(8)]);
  });
});
