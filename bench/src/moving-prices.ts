/** A market for the board whose prices move by themselves at an even pace: what moves it costs next to nothing, and is told. */
import type { Bar } from '@tapeline/core/bars';
import type { FeedStatus } from '@tapeline/visualization/board-messages';
import type { LatestRow, LiveMarket, Watch } from '@tapeline/visualization/live-market';
import { ChangeCollector } from '@tapeline/visualization/market-changes';
import type { RecentBars } from '@tapeline/visualization/recent-bars';
import { loadSymbols } from './load.ts';
import { machineMs } from './machine-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** Some symbols move every so often. */
const stepMs = 5;
/** In so many steps each symbol moves once: more often than the board tells. */
const stepsOfRound = 16;
const heartbeatMs = 250;

interface Instrument {
  readonly symbol: string;
  readonly day: Bar;
  price: number;
  dayVolume: number;
  timeMs: number;
}

export class MovingPrices implements LiveMarket {
  readonly intervals = ['1s', '1m', '1d'] as const;
  readonly closed = Promise.resolve();
  readonly #instruments: readonly Instrument[];
  readonly #bySymbol: ReadonlyMap<string, Instrument>;
  readonly #collectors = new Set<ChangeCollector>();
  readonly #random = seededRandom(7);
  readonly #timer: NodeJS.Timeout;
  readonly #beganMs = machineMs();
  #step = 0;
  #watermarkMs = 0;
  /** Time that the moving took. */
  spentMs = 0;

  constructor(symbols: number) {
    this.#instruments = loadSymbols(symbols).map(symbol => {
      const cents = 1_000 + Math.floor(this.#random() * 50_000);
      return { symbol, day: dayBar(symbol, cents / 100), price: cents / 100, dayVolume: cents * 10, timeMs: Math.floor(machineMs()) };
    });
    this.#bySymbol = new Map(this.#instruments.map(instrument => [instrument.symbol, instrument]));
    this.#timer = setInterval(() => this.#move(), stepMs);
  }

  latest(): readonly LatestRow[] {
    return this.symbols().flatMap(symbol => this.latestOf(symbol) ?? []);
  }

  latestOf(symbol: string): LatestRow | undefined {
    const instrument = this.#bySymbol.get(symbol);
    if (instrument === undefined) return undefined;
    const { price, dayVolume, timeMs } = instrument;
    const cents = Math.round(price * 100);
    return { symbol, price, bid: (cents - 1) / 100, ask: (cents + 1) / 100, dayVolume, timeMs, receivedTimeMs: timeMs };
  }

  forming(symbol: string): Bar | undefined {
    return this.#bySymbol.get(symbol)?.day;
  }

  recent(): RecentBars {
    return { bars: [], letGoMs: undefined, gaps: [] };
  }

  symbols(): readonly string[] {
    return this.#instruments.map(({ symbol }) => symbol);
  }

  feeds(): readonly FeedStatus[] {
    const watermarkMs = this.#watermarkMs;
    const feed = { feed: 'twelve-data/0', session: 1, condition: 'live', sinceMs: 0, simulated: true, watermarkMs } as const;
    return [{ ...feed, symbols: this.#instruments.length, refused: [], refusedCount: 0 }];
  }

  openGap(): undefined {
    return undefined;
  }

  watch(): Watch {
    const collector = new ChangeCollector();
    this.#collectors.add(collector);
    return { drain: () => collector.drain(), close: () => this.#collectors.delete(collector) };
  }

  caughtUp(): boolean {
    return true;
  }

  problem(): string | undefined {
    return undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes the steps that are due; on a busy machine several. */
  #move(): void {
    const startMs = machineMs();
    const timeMs = Math.floor(startMs);
    const due = Math.floor((startMs - this.#beganMs) / stepMs);
    // More than a round would move the same symbols again.
    for (let step = Math.max(this.#step, due - stepsOfRound); step < due; step += 1) this.#moveSome(step % stepsOfRound, timeMs);
    this.#step = due;
    this.#watermarkMs = Math.floor(timeMs / heartbeatMs) * heartbeatMs;
    this.spentMs += machineMs() - startMs;
  }

  #moveSome(first: number, timeMs: number): void {
    for (let index = first; index < this.#instruments.length; index += stepsOfRound) {
      const instrument = this.#instruments[index] as Instrument;
      const cents = Math.round(instrument.price * 100) + (this.#random() < 0.5 ? -1 : 1);
      instrument.price = Math.max(1, cents) / 100;
      instrument.dayVolume += 1;
      instrument.timeMs = timeMs;
      for (const collector of this.#collectors) collector.touched(instrument.symbol);
    }
  }
}

function dayBar(symbol: string, open: number): Bar {
  const prices = { open, high: open, low: open, close: open, tickCount: 1, flags: [], revision: 0, versionUs: 0 };
  return { symbol, interval: '1d', startMs: 0, endMs: 86_400_000, state: 'forming', ...prices };
}
