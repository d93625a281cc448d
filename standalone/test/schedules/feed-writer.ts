/** A feed that never rests: ticks and heartbeats appended straight to the log, and what the log acknowledged of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { AlertRulesRecord, FeedRecord, Tick } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { Append, MarketLog } from '@tapeline/log/market-log';
import type { Random } from '../../../test/support/random.ts';

export interface FeedWriterOptions {
  readonly log: Pick<MarketLog, 'append'>;
  readonly partitions: number;
  readonly symbols: readonly string[];
  readonly ticksPerSecond: number;
  readonly random: Random;
}

const slotMs = 50;
const heartbeatMs = 250;
const feed = 'schedules/0';
const mostPending = 2_000;
/** In force from the first session on; every second session changes one and takes one away. */
const rules: AlertRulesRecord['rules'] = [
  { name: 'high', condition: 'level', symbols: '*', interval: '1s', above: 108, hysteresis: 10 },
  { name: 'over', condition: 'cross', symbols: '*', interval: '1s', slow: 'ema12', direction: 'over', cooldown: '3s' },
  { name: 'drop', condition: 'drop', symbols: '*', interval: '1s', percent: 12, window: '10s', cooldown: '5s' },
  { name: 'unusual', condition: 'volume', symbols: '*', interval: '1s', times: 1.5, bars: 3 },
  { name: 'quiet', condition: 'stale', symbols: '*', longer: '1s' },
];
const otherRules = [{ ...rules[0], above: 105 }, ...rules.slice(2)];

export class FeedWriter {
  /** `symbol session sequence` of each tick that the log acknowledged. */
  readonly acknowledged = new Set<string>();
  readonly #options: FeedWriterOptions;
  readonly #pending = new Set<Promise<void>>();
  readonly #dayVolumes = new Map<string, number>();
  #session = 0;
  #sequence = 0;
  #heartbeatAtMs = 0;
  #ticking = true;
  #running: Promise<void> | undefined;
  #stopped = false;
  #failure: unknown;
  #newSession = true;

  constructor(options: FeedWriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** The next records belong to a new connection of the feed. */
  breakSession(): void {
    this.#newSession = true;
  }

  /** From here on heartbeats only, so that windows close. Resolves when every tick is acknowledged. */
  async endTicks(): Promise<void> {
    this.#ticking = false;
    await Promise.all(this.#pending);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the heartbeats too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#pending);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #run(): Promise<void> {
    const begunMs = performance.now();
    let written = 0;
    while (!this.#stopped) {
      await sleep(slotMs);
      if (this.#pending.size > mostPending) continue;
      const nowMs = Date.now();
      if (this.#newSession) this.#beginSession(nowMs);
      const due = Math.floor(((performance.now() - begunMs) / 1_000) * this.#options.ticksPerSecond);
      if (this.#ticking) this.#appendTicks(Math.min(due - written, this.#options.ticksPerSecond), nowMs);
      written = due;
      if (nowMs - this.#heartbeatAtMs >= heartbeatMs) this.#beat(nowMs);
    }
  }

  #beginSession(nowMs: number): void {
    this.#newSession = false;
    const previous = { session: this.#session, reason: 'drawn', lastDataMs: nowMs };
    this.#session += 1;
    this.#sequence = 0;
    this.#appendToAll({
      v: 1,
      kind: 'session',
      feed,
      session: this.#session,
      timeMs: nowMs,
      symbols: [...this.#options.symbols],
      refused: [],
      ...(this.#session > 1 ? { previous } : {}),
    });
    this.#appendToAll({ v: 1, kind: 'alert-rules', rules: this.#session % 2 === 1 ? rules : otherRules, receivedTimeMs: nowMs });
  }

  #appendTicks(count: number, nowMs: number): void {
    const ticks = Array.from({ length: Math.max(0, count) }, () => this.#tick(nowMs));
    if (ticks.length === 0) return;
    const entries = ticks.map(tick => this.#entry(tick, partitionOf(tick.symbol, this.#options.partitions), tick.symbol));
    this.#append(entries, () => {
      for (const { symbol, session, sequence } of ticks) this.acknowledged.add(`${symbol} ${session} ${sequence}`);
    });
  }

  #tick(nowMs: number): Tick {
    const { random, symbols } = this.#options;
    const symbol = random.pick(symbols);
    const dayVolume = (this.#dayVolumes.get(symbol) ?? 1_000) + random.whole(0, 5);
    this.#dayVolumes.set(symbol, dayVolume);
    this.#sequence += 1;
    const timeMs = nowMs - this.#latenessMs();
    const day = new Date(timeMs).toISOString().slice(0, 10);
    const price = random.whole(9_000, 11_000) / 100;
    return {
      v: 1,
      kind: 'tick',
      feed,
      session: this.#session,
      sequence: this.#sequence,
      symbol,
      price,
      bid: price - 0.01,
      ask: price + 0.01,
      dayVolume,
      sourceTimeMs: Math.floor(timeMs / 1_000) * 1_000,
      receivedTimeMs: nowMs,
      timeMs,
      tradingDay: day,
      tradingDayEndMs: Date.parse(day) + 86_400_000,
    };
  }

  /** Most are in time; some wait, some correct bars that are closed, and a few come too late for that. */
  #latenessMs(): number {
    const { next, whole } = this.#options.random;
    const drawn = next();
    if (drawn < 0.001) return whole(70_000, 90_000);
    if (drawn < 0.01) return whole(2_500, 20_000);
    return drawn < 0.1 ? whole(0, 1_900) : 0;
  }

  #beat(nowMs: number): void {
    this.#heartbeatAtMs = nowMs;
    this.#appendToAll({ v: 1, kind: 'heartbeat', feed, session: this.#session, timeMs: nowMs, connected: true });
  }

  #appendToAll(record: FeedRecord): void {
    this.#append(
      Array.from({ length: this.#options.partitions }, (_, partition) => this.#entry(record, partition)),
      () => undefined,
    );
  }

  #entry(record: FeedRecord, partition: number, key?: string): Append {
    return { topic: feedTopic.name, partition, value: encodeRecord(record), ...(key === undefined ? {} : { key }) };
  }

  /** The log keeps the order of calls, so nobody waits here; it fails only for good. */
  #append(entries: readonly Append[], acknowledged: () => void): void {
    const appending = this.#options.log
      .append(entries)
      .then(acknowledged, (error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#pending.delete(appending));
    this.#pending.add(appending);
  }
}
