import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { ChangeCollector } from '../src/market-changes.ts';
import { RecentResults } from '../src/recent-bars.ts';
import { anAlert } from './support/stocked-board.ts';

function aBar(fields: Partial<Bar>): Bar {
  return {
    symbol: 'BTC/USD',
    interval: '1s',
    startMs: 0,
    endMs: 1_000,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    tickCount: 1,
    state: 'final',
    flags: [],
    revision: 0,
    versionUs: 1,
    ...fields,
  };
}

describe('what changed', () => {
  it('names a symbol once however often it moved, and a bar at its newest version', () => {
    const collector = new ChangeCollector();
    collector.touched('BTC/USD');
    collector.touched('BTC/USD');
    collector.changed(aBar({ close: 1 }));
    collector.changed(aBar({ close: 2, revision: 1 }));
    expect(collector.drain()).toEqual({
      symbols: new Set(['BTC/USD']),
      bars: [aBar({ close: 2, revision: 1 })],
      missedBars: false,
      alerts: [],
    });
    expect(collector.drain()).toEqual({ symbols: new Set(), bars: [], missedBars: false, alerts: [] });
  });

  it('stays bounded when nobody looks, and says that bars were missed', () => {
    const collector = new ChangeCollector();
    for (let second = 0; second < 20_001; second += 1) collector.changed(aBar({ startMs: second * 1_000 }));
    const changes = collector.drain();
    expect([changes.bars.length, changes.missedBars]).toEqual([1, true]);
    for (let timeMs = 0; timeMs < 1_000; timeMs += 1) collector.given(anAlert({ timeMs }));
    expect(collector.drain().alerts.map(({ timeMs }) => timeMs)).toEqual(Array.from({ length: 100 }, (_, at) => 900 + at));
  });
});

describe('recent bars', () => {
  it('are each at their newest, by their time', () => {
    const recent = new RecentResults();
    for (const second of [1, 3, 2]) recent.add(aBar({ startMs: second * 1_000 }));
    recent.add(aBar({ startMs: 2_000, revision: 1 }));
    recent.add(aBar({ symbol: 'AAPL' }));
    const { bars, letGoMs } = recent.of('BTC/USD', '1s');
    expect(bars.map(bar => [bar.startMs, bar.revision])).toEqual([
      [1_000, 0],
      [2_000, 1],
      [3_000, 0],
    ]);
    expect(letGoMs).toBeUndefined();
  });

  it('are many of few symbols and five of many, and tell up to where they were let go', () => {
    const recent = new RecentResults();
    for (let second = 0; second < 30_000; second += 1) recent.add(aBar({ startMs: second * 1_000 }));
    expect(recent.of('BTC/USD', '1s')).toMatchObject({ bars: { length: 20_000 }, letGoMs: 9_999_000 });
    for (let symbol = 0; symbol < 9_999; symbol += 1) recent.add(aBar({ symbol: `X${symbol}` }));
    recent.add(aBar({ startMs: 30_000_000 }));
    expect(recent.of('BTC/USD', '1s')).toMatchObject({ bars: { length: 5 }, letGoMs: 29_995_000 });
  });

  it('do not take one back that is older than those that were let go', () => {
    const recent = new RecentResults();
    for (let symbol = 0; symbol < 10_000; symbol += 1) recent.add(aBar({ symbol: `X${symbol}` }));
    for (let second = 1; second <= 6; second += 1) recent.add(aBar({ symbol: 'X0', startMs: second * 1_000 }));
    recent.forget(symbol => symbol !== 'X0');
    recent.add(aBar({ symbol: 'X0', startMs: 500 }));
    expect(recent.of('X0', '1s')).toMatchObject({ bars: [{ startMs: 2_000 }, {}, {}, {}, {}], letGoMs: 1_000 });
    recent.forget(() => true);
    expect(recent.of('X0', '1s')).toEqual({ bars: [], letGoMs: undefined, gaps: [] });
  });

  it('have the last five gaps of their symbol beside them', () => {
    const recent = new RecentResults();
    for (let second = 0; second < 7; second += 1) recent.addGap('BTC/USD', { fromMs: second, toMs: second + 1 });
    expect(recent.of('BTC/USD', '1m').gaps.map(gap => gap.fromMs)).toEqual([2, 3, 4, 5, 6]);
  });
});
