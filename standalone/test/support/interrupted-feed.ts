/**
 * A price stream whose connection is lost for some minutes of its own time, with the account of all that happened: a vendor's REST API
 * tells the bars of this account. It says the time itself (`FEED_CLOCK=feed`), so that hours pass in seconds.
 */
import type { Instrument } from '@tapeline/simulator/market/instruments';
import type { WebSocket } from 'ws';
import { accepted, startVendor } from '../../../ingestion/test/support/vendor-server.ts';
import { eventually } from '../../../test/support/eventually.ts';

export interface AccountBar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface InterruptedFeed {
  readonly url: string;
  readonly symbols: readonly string[];
  /** What happens from second `from` up to `to` is told to whoever is connected, or to nobody. */
  play(from: number, to: number): void;
  /** Resolves when somebody is connected who was not before. */
  connected(): Promise<void>;
  drop(): void;
  /** Of the account; `undefined` where nothing happened. */
  bar(instrument: Pick<Instrument, 'symbol'>, startMs: number, lengthMs: number): AccountBar | undefined;
  close(): Promise<void>;
}

interface Entry {
  readonly timeMs: number;
  readonly price: number;
}

const stepSeconds = 5;

/** @param beginMs second 0, at half of which the first price comes. */
export async function startInterruptedFeed(beginMs: number): Promise<InterruptedFeed> {
  const symbols = ['BTC/USD', 'ETH/USD'];
  const account = new Map<string, Entry[]>(symbols.map(symbol => [symbol, []]));
  let socket: WebSocket | undefined;
  let nowMs = beginMs;
  const vendor = await startVendor({
    subscribed: (asked, _, subscriber) => {
      subscriber.send(JSON.stringify({ event: 'simulated-time', timeMs: nowMs }));
      socket = subscriber;
      subscriber.on('close', () => {
        if (socket === subscriber) socket = undefined;
      });
      return [accepted(...asked)];
    },
  });
  const tell = (timeMs: number, at: number) => {
    const symbol = symbols[at] ?? '';
    const second = Math.floor((timeMs - beginMs) / 1_000);
    const price = 100 * (at + 1) + ((second * 7 + at * 5) % 1_201) / 100;
    account.get(symbol)?.push({ timeMs, price });
    socket?.send(JSON.stringify({ event: 'simulated-time', timeMs }));
    const message = { event: 'price', symbol, type: 'Digital Currency', timestamp: Math.floor(timeMs / 1_000), price };
    socket?.send(JSON.stringify(message));
  };
  return {
    url: vendor.url,
    symbols,
    play: (from, to) => {
      for (let second = from; second < to; second += stepSeconds) {
        nowMs = beginMs + second * 1_000 + 500;
        for (const at of symbols.keys()) tell(nowMs + at, at);
      }
    },
    connected: async () => {
      await eventually('somebody is connected', () => socket !== undefined);
    },
    drop: () => {
      socket?.terminate();
      socket = undefined;
    },
    bar: ({ symbol }, startMs, lengthMs) => barOf(account.get(symbol) ?? [], startMs, lengthMs),
    close: vendor.close,
  };
}

function barOf(entries: readonly Entry[], startMs: number, lengthMs: number): AccountBar | undefined {
  const prices = entries.filter(({ timeMs }) => timeMs >= startMs && timeMs < startMs + lengthMs).map(({ price }) => price);
  const [open, close] = [prices[0], prices.at(-1)];
  if (open === undefined || close === undefined) return undefined;
  return { open, high: Math.max(...prices), low: Math.min(...prices), close, volume: prices.length };
}
