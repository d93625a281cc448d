import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { ChangeCollector } from '../src/market-changes.ts';
import { RecentBars } from '../src/recent-bars.ts';

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
    expect(collector.drain()).toEqual({ symbols: new Set(['BTC/USD']), bars: [aBar({ close: 2, revision: 1 })], missedBars: false });
    expect(collector.drain()).toEqual({ symbols: new Set(), bars: [], missedBars: false });
  });

  it('stays bounded when nobody looks, and says that bars were missed', () => {
    const collector = new ChangeCollector();
    for (let second = 0; second < 20_001; second += 1) collector.changed(aBar({ startMs: second * 1_000 }));
    const changes = collector.drain();
    expect([changes.bars.length, changes.missedBars]).toEqual([1, true]);
  });
});

describe('recent bars', () => {
  it('keep the last five of a symbol and interval, each at its newest', () => {
    const recent = new RecentBars();
    for (let second = 0; second < 8; second += 1) recent.add(aBar({ startMs: second * 1_000 }));
    recent.add(aBar({ startMs: 6_000, revision: 1 }));
    recent.add(aBar({ symbol: 'AAPL' }));
    expect(recent.of('BTC/USD', '1s').map(bar => [bar.startMs, bar.revision])).toEqual([
      [3_000, 0],
      [4_000, 0],
      [5_000, 0],
      [6_000, 1],
      [7_000, 0],
    ]);
    recent.forget(symbol => symbol === 'BTC/USD');
    expect([recent.of('BTC/USD', '1s').length, recent.of('AAPL', '1s').length]).toEqual([0, 1]);
  });
});
