import { describe, expect, it } from '@jest/globals';
import { isFuture, StampResolutions } from '../src/time-mapping.ts';

const minuteMs = Date.UTC(2024, 10, 3, 1, 47);

describe('the time of a tick', () => {
  it('is its receipt when that lies in the minute of the stamp', () => {
    expect(new StampResolutions().timeMs('BTC/USD', minuteMs, minuteMs + 41_250)).toBe(minuteMs + 41_250);
  });

  it('is the last millisecond of the minute when it is received after it', () => {
    expect(new StampResolutions().timeMs('BTC/USD', minuteMs, minuteMs + 66_777)).toBe(minuteMs + 59_999);
  });

  it('is the last millisecond of the second for a symbol that stamps seconds', () => {
    expect(new StampResolutions().timeMs('ETH/BTC', minuteMs + 48_000, minuteMs + 57_833)).toBe(minuteMs + 48_999);
  });

  it('knows a symbol that once stamped a second for good', () => {
    const resolutions = new StampResolutions();
    resolutions.timeMs('ETH/BTC', minuteMs + 48_000, minuteMs + 57_833);
    expect(resolutions.timeMs('ETH/BTC', minuteMs + 60_000, minuteMs + 65_000)).toBe(minuteMs + 60_999);
    expect(resolutions.timeMs('BTC/USD', minuteMs + 60_000, minuteMs + 65_000)).toBe(minuteMs + 65_000);
  });

  it('is its receipt when the stamp is a little ahead', () => {
    expect(new StampResolutions().timeMs('ETH/BTC', minuteMs + 3_000, minuteMs)).toBe(minuteMs);
  });

  it('forgets nobody and learns nobody beyond its bound', () => {
    const resolutions = new StampResolutions(1);
    resolutions.timeMs('A', minuteMs + 1_000, minuteMs + 9_000);
    expect(resolutions.timeMs('B', minuteMs + 1_000, minuteMs + 9_000)).toBe(minuteMs + 9_000);
    expect(resolutions.timeMs('A', minuteMs + 1_000, minuteMs + 9_000)).toBe(minuteMs + 1_999);
  });

  it('is refused from the first millisecond beyond 5 s ahead of the receipt', () => {
    expect(isFuture(minuteMs + 5_000, minuteMs)).toBe(false);
    expect(isFuture(minuteMs + 5_001, minuteMs)).toBe(true);
  });
});
