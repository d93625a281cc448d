/** A mapper of one session after the other, and what TwelveData says to it. */
import type { PlainEvent } from '../../src/feed.ts';
import { SessionMapper, type SessionMapperOptions } from '../../src/session-mapper.ts';
import { readMessage } from '../../src/twelve-data/messages.ts';

/** 2026-11-20T12:00:00Z: a whole minute. */
export const t0 = Date.UTC(2026, 10, 20, 12);

export const status = (...symbols: string[]) => ({ event: 'subscribe-status', success: symbols.map(symbol => ({ symbol })), fails: null });
export const price = (fields: Readonly<Record<string, unknown>> = {}) => ({
  event: 'price',
  symbol: 'BTC/USD',
  type: 'Digital Currency',
  timestamp: t0 / 1_000,
  price: 100,
  ...fields,
});

export function mapperOf(options: Partial<SessionMapperOptions> = {}): SessionMapper {
  return new SessionMapper({ feed: 'twelve-data/0', feedClock: false, resubscribedReason: 'resubscribed by the server', ...options });
}

export function receive(mapper: SessionMapper, message: unknown, receivedTimeMs: number): PlainEvent[] {
  return mapper.receive({ message: readMessage(message), receivedTimeMs, text: () => JSON.stringify(message) });
}

export const bare = (events: readonly PlainEvent[]) => JSON.parse(JSON.stringify(events));
export const kinds = (events: readonly PlainEvent[]) => events.map(event => event.kind);
