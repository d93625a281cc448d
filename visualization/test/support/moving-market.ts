/** A seeded market of eight instruments: hours of history, then prices that move until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedRecord, Heartbeat, Tick } from '@tapeline/core/records';
import { randomOf } from '../../../test/support/random.ts';
import type { MarketFeed } from './market-feed.ts';

/** Two lost connections before `nowMs`: of six minutes and of a minute and a half. */
function gapsBefore(nowMs: number): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const minute = Math.floor(nowMs / 60_000);
  return [
    { fromMs: (minute - 50) * 60_000, toMs: (minute - 44) * 60_000 },
    { fromMs: (minute - 20) * 60_000 + 20_000, toMs: (minute - 18) * 60_000 - 10_000 },
  ];
}

const names = {
  AAPL: 'Apple Inc.',
  'BTC/USD': 'Bitcoin US Dollar',
  'ETH/BTC': 'Ethereum Bitcoin',
  'ETH/USD': 'Ethereum US Dollar',
  'EUR/USD': 'Euro US Dollar',
  MSFT: 'Microsoft Corporation',
  NVDA: 'NVIDIA Corporation',
  'XAU/USD': 'Gold Spot US Dollar',
} as const;

interface Instrument {
  readonly symbol: string;
  readonly decimals: number;
  readonly spread: number;
  readonly hasVolume: boolean;
  price: number;
  dayVolume: number;
}

export const symbols = ['AAPL', 'BTC/USD', 'ETH/BTC', 'ETH/USD', 'EUR/USD', 'MSFT', 'NVDA', 'XAU/USD'] as const;

export class MovingMarket {
  readonly #feed: MarketFeed;
  readonly #random = randomOf(7);
  readonly #instruments: readonly Instrument[] = [
    { symbol: 'AAPL', decimals: 2, spread: 0.02, hasVolume: true, price: 342.02, dayVolume: 27_631_112 },
    { symbol: 'BTC/USD', decimals: 2, spread: 0.5, hasVolume: true, price: 69_142.14, dayVolume: 8_120.4 },
    { symbol: 'ETH/BTC', decimals: 5, spread: 0.00002, hasVolume: false, price: 0.03567, dayVolume: 0 },
    { symbol: 'ETH/USD', decimals: 2, spread: 0.12, hasVolume: true, price: 2_466.31, dayVolume: 91_230.7 },
    { symbol: 'EUR/USD', decimals: 5, spread: 0.00006, hasVolume: false, price: 1.08412, dayVolume: 0 },
    { symbol: 'MSFT', decimals: 2, spread: 0.03, hasVolume: true, price: 418.77, dayVolume: 18_220_431 },
    { symbol: 'NVDA', decimals: 2, spread: 0.02, hasVolume: true, price: 136.05, dayVolume: 190_442_018 },
    { symbol: 'XAU/USD', decimals: 2, spread: 0.27, hasVolume: false, price: 2_736.53, dayVolume: 0 },
  ];

  #isConnected = true;
  #lastDataMs = 0;

  constructor(feed: MarketFeed) {
    this.#feed = feed;
  }

  /** The feed loses its connection: heartbeats say so, and no price comes. */
  disconnect(): void {
    this.#isConnected = false;
  }

  /** A session begins after the one that `disconnect` ended. */
  async connect(): Promise<void> {
    const { session } = this.#feed.heartbeat(Date.now());
    const previous = { session, reason: 'socket closed', lastDataMs: this.#lastDataMs };
    await this.#feed.append(this.#feed.session({ timeMs: Date.now(), symbols: [...symbols], simulated: true, previous }));
    this.#isConnected = true;
  }

  /** Appends `minutes` of the past, at least 60, with two lost connections, and what the instruments are called. */
  async appendHistory(nowMs: number, minutes: number, simulated = true): Promise<void> {
    const startMs = nowMs - minutes * 60_000;
    const gaps = gapsBefore(nowMs);
    const instruments = Object.entries(names).map(([symbol, name]) => this.#feed.instrument({ symbol, name, receivedTimeMs: startMs }));
    await this.#feed.append(this.#feed.session({ timeMs: startMs, symbols: [...symbols], simulated }), ...instruments);
    let records: FeedRecord[] = [];
    let last: Heartbeat | undefined;
    for (let timeMs = startMs + 500; timeMs < nowMs - 300; timeMs += 1_500) {
      if (gaps.some(gap => timeMs > gap.fromMs && timeMs < gap.toMs)) continue;
      const [over] = gaps.filter(gap => timeMs >= gap.toMs && last !== undefined && last.timeMs <= gap.fromMs + 1_500);
      if (over !== undefined && last !== undefined) {
        const previous = { session: last.session, reason: 'socket closed', lastDataMs: last.timeMs };
        records.push(this.#feed.session({ timeMs: over.toMs, symbols: [...symbols], simulated, previous }));
      }
      for (const instrument of this.#instruments) {
        if (this.#random.next() < 0.4) records.push(this.#tick(instrument, timeMs));
      }
      last = this.#feed.heartbeat(timeMs + 100);
      records.push(last);
      if (records.length < 2_000) continue;
      await this.#feed.append(...records);
      records = [];
    }
    await this.#feed.append(...records);
  }

  /** Moves prices, some twenty times a second, with four heartbeats a second. */
  async run(signal: AbortSignal): Promise<void> {
    for (let round = 0; !signal.aborted; round += 1) {
      const nowMs = Date.now();
      const connected = this.#isConnected;
      const moving = this.#instruments.filter(() => connected && this.#random.next() < 0.15);
      const heartbeats = round % 5 === 0 ? [this.#feed.heartbeat(nowMs, { connected })] : [];
      if (connected) this.#lastDataMs = nowMs;
      await this.#feed.append(...moving.map(instrument => this.#tick(instrument, nowMs)), ...heartbeats);
      await sleep(50);
    }
  }

  #tick(instrument: Instrument, timeMs: number): Tick {
    const step = (this.#random.next() + this.#random.next() + this.#random.next() - 1.5) * instrument.price * 0.0004;
    instrument.price = round(Math.max(instrument.price + step, 10 ** -instrument.decimals), instrument.decimals);
    if (instrument.hasVolume) instrument.dayVolume = round(instrument.dayVolume + this.#random.next() * instrument.dayVolume * 0.00002, 2);
    const half = instrument.spread / 2;
    return this.#feed.tick({
      symbol: instrument.symbol,
      price: instrument.price,
      timeMs,
      bid: round(instrument.price - half, instrument.decimals),
      ask: round(instrument.price + half, instrument.decimals),
      ...(instrument.hasVolume ? { dayVolume: instrument.dayVolume } : {}),
    });
  }
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
