import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore } from '@tapeline/database/market-store';
import { aBar, barStartMs, minuteMs } from '../../ingestion/test/support/bars.ts';
import { randomOf } from '../../test/support/random.ts';
import { mergedBars, mostHeld, storedBars } from '../src/merged-bars.ts';

const signal = new AbortController().signal;

function barsOf(symbol: string, minutes: readonly number[]): readonly Bar[] {
  return minutes.map(minute => aBar({ symbol, startMs: barStartMs + minute * minuteMs }));
}

function upTo(end: number, begin = 0): readonly number[] {
  return Array.from({ length: end - begin }, (_, index) => begin + index);
}

async function* sourceOf(bars: readonly Bar[], asked: () => void = () => undefined): AsyncGenerator<Bar> {
  for (const bar of bars) {
    asked();
    yield bar;
  }
}

async function allOf(bars: AsyncIterable<Bar>): Promise<readonly Bar[]> {
  const all: Bar[] = [];
  for await (const bar of bars) all.push(bar);
  return all;
}

const idOf = ({ symbol, startMs }: Bar) => `${String(startMs / minuteMs).padStart(12)} ${symbol}`;

describe('bars of many symbols', () => {
  it('come by time, then symbol, wherever a symbol begins and ends', async () => {
    const { below, isOneIn } = randomOf(4);
    for (let round = 0; round < 200; round += 1) {
      const sources = Array.from({ length: below(20) }, (_, index) => {
        const minutes = upTo(below(30)).filter(() => isOneIn(2));
        return barsOf(`S${index}`, minutes);
      });
      const given = sources.map(bars => sourceOf(bars));
      const found = await allOf(mergedBars(given, signal));
      expect(found.map(idOf)).toEqual(sources.flat().map(idOf).sort());
    }
  });

  it('are asked for once each, whatever the number of symbols', async () => {
    let asked = 0;
    const counted = () => {
      asked += 1;
    };
    const sources = upTo(300).map(index => sourceOf(barsOf(`S${index}`, upTo(40)), counted));
    let given = 0;
    for await (const _ of mergedBars(sources, signal)) {
      given += 1;
      // One bar of each symbol is known, that which was just given among them.
      expect(asked).toBe(Math.min(12_000, 300 + given - 1));
    }
    expect(given).toBe(12_000);
  });

  it.each([1, 10, 1_000])('of %d symbols are held by the bounded number, and lose none at the borders of pages', async count => {
    const minutes = 2_500;
    let read = 0;
    const store: Pick<MarketStore, 'bars'> = {
      bars: async ({ symbol, fromMs, limit = 0 }) => {
        const first = Math.ceil((fromMs - barStartMs) / minuteMs);
        const last = Math.min(minutes, first + limit);
        read += last - first;
        return barsOf(symbol, upTo(last, first));
      },
    };
    const symbols = upTo(count).map(index => `S${index}`);
    const range = { interval: '1m', fromMs: barStartMs, toMs: barStartMs + minutes * minuteMs } as const;
    let given = 0;
    let mostHeldSeen = 0;
    for await (const _ of storedBars(store, symbols, range, signal)) {
      mostHeldSeen = Math.max(mostHeldSeen, read - given);
      given += 1;
      if (given === 500_000) break;
    }
    expect(given).toBe(Math.min(count * minutes, 500_000));
    expect(mostHeldSeen).toBeLessThanOrEqual(Math.min(mostHeld, count * 2_000));
  });

  it('end when the signal aborts', async () => {
    const stop = new AbortController();
    const bars = mergedBars(
      [barsOf('A', [1, 2]).values()].map(source => ({ next: async () => source.next() })),
      stop.signal,
    );
    expect((await bars.next()).done).toBe(false);
    stop.abort();
    expect((await bars.next()).done).toBe(true);
  });
});
