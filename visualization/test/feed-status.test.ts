import { describe, expect, it } from '@jest/globals';
import type { FeedState } from '@tapeline/stream-processing/fold/outputs';
import { FeedLooks } from '../src/feed-status.ts';

const hourMs = 3_600_000;

function aFeed(watermarkMs: number): FeedState {
  return {
    ...{ feed: 'twelve-data/0', session: 1, sessionStartMs: 0, connected: true, simulated: false, watermarkMs },
    ...{ lastDataMs: undefined, symbols: [], refused: [] },
  };
}

describe('looks at a feed', () => {
  const conditionIn = (looks: FeedLooks, watermarkMs: number, nowMs: number, isPresent: boolean) =>
    looks.look([aFeed(watermarkMs)], nowMs, isPresent)[0]?.condition;

  it('find life where its watermark moved, however old that is: a recording is played', () => {
    const looks = new FeedLooks();
    expect(conditionIn(looks, 1_000, hourMs, true)).toBe('silent');
    expect(conditionIn(looks, 2_000, hourMs + 1_000, true)).toBe('live');
    expect(conditionIn(looks, 2_000, hourMs + 6_001, true)).toBe('silent');
  });

  it('find none in a log that is caught up with, nor right after it, when what it says is old', () => {
    const looks = new FeedLooks();
    expect(conditionIn(looks, 1_000, hourMs, false)).toBe('silent');
    expect(conditionIn(looks, 2_000, hourMs + 1_000, false)).toBe('silent');
    expect(conditionIn(looks, 3_000, hourMs + 2_000, true)).toBe('silent');
    expect(conditionIn(looks, hourMs + 3_000, hourMs + 3_000, true)).toBe('live');
  });

  it('find life while it is caught up with when what it says is new', () => {
    expect(conditionIn(new FeedLooks(), hourMs - 1_000, hourMs, false)).toBe('live');
  });
});
