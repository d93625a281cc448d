/** A stored bar of a minute, as a test needs it. */
import type { Bar } from '@tapeline/core/bars';

export const minuteMs = 60_000;
/** 2026-03-02, 12:00 UTC. */
export const barStartMs = Date.UTC(2026, 2, 2, 12);

export function aBar(overrides: Partial<Bar> = {}): Bar {
  const startMs = overrides.startMs ?? barStartMs;
  return {
    symbol: 'BTC/USD',
    interval: '1m',
    startMs,
    endMs: startMs + minuteMs,
    open: 100,
    high: 102,
    low: 99,
    close: 101,
    tickCount: 12,
    state: 'final',
    flags: [],
    revision: 0,
    versionUs: startMs * 1_000,
    ...overrides,
  };
}
