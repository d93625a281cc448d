/** Builders of feed events. */
import type { GapRecord, Heartbeat, SessionRecord, Tick } from '@tapeline/core/records';

/** 2026-11-20T12:00:00Z, a Friday. */
export const noonMs = Date.UTC(2026, 10, 20, 12);

export function aTick(fields: Partial<Tick> = {}): Tick {
  return {
    v: 1,
    kind: 'tick',
    feed: 'twelve-data/0',
    session: 1,
    sequence: 1,
    symbol: 'BTC/USD',
    price: 100,
    sourceTimeMs: noonMs,
    receivedTimeMs: noonMs,
    timeMs: noonMs,
    tradingDay: '2026-11-20',
    tradingDayEndMs: Date.UTC(2026, 10, 21),
    ...fields,
  };
}

export function aSession(fields: Partial<SessionRecord> = {}): SessionRecord {
  return { v: 1, kind: 'session', feed: 'twelve-data/0', session: 1, timeMs: noonMs, symbols: ['BTC/USD'], refused: [], ...fields };
}

export function aHeartbeat(fields: Partial<Heartbeat> = {}): Heartbeat {
  return { v: 1, kind: 'heartbeat', feed: 'twelve-data/0', session: 1, timeMs: noonMs, connected: true, ...fields };
}

export function aGap(fields: Partial<GapRecord> = {}): GapRecord {
  return {
    v: 1,
    kind: 'gap',
    feed: 'twelve-data/0',
    session: 1,
    symbols: ['BTC/USD'],
    fromMs: noonMs,
    toMs: noonMs + 1,
    reason: 'ingester buffer full',
    lost: 1,
    receivedTimeMs: noonMs,
    ...fields,
  };
}
