/**
 * The time of a feed's receipts and heartbeats. It is the wall clock for as long as that goes as the clock that only counts; when the wall clock
 * jumps, it goes on counting. What a heartbeat claimed cannot be taken back, and all prices before it would be late: a clock that is wrong for a
 * minute must not say so. A jump that stays is believed in the end, and then taken over by whoever reads this clock, between two sessions.
 */
import { uptime } from 'node:os';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export interface SteadyClockOptions {
  /** Source and shard, as in `twelve-data/0`. */
  readonly feed: string;
  /** The wall clock: milliseconds since the Unix epoch. */
  readonly wallMs: () => number;
  /** The clock that only counts; it may stand still while the machine sleeps. @default performance.now */
  readonly countedMs?: () => number;
  /** Counts also while the machine sleeps; asked only after a jump. @default os.uptime */
  readonly uptimeMs?: () => number;
  /** A jump is believed when it has stayed for so long. @default 120,000 */
  readonly patienceMs?: number | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

interface Jump {
  /** By how much the wall clock is ahead of ours; below 0: behind. */
  readonly aheadMs: number;
  /** By the clock that counts. */
  readonly sinceMs: number;
}

/** Further apart than that is a jump; less is corrected at once. */
const toleranceMs = 1_000;
/** Two looks so far apart tell of a process that was held up between them, not of a jump. */
const heldUpMs = 50;

export class SteadyClock {
  readonly #options: SteadyClockOptions;
  readonly #countedMs: () => number;
  readonly #uptimeMs: () => number;
  readonly #patienceMs: number;
  readonly #ahead;
  /** Both clocks when they agreed last. */
  #agreed: { readonly wallMs: number; readonly countedMs: number };
  /** By how much the machine's uptime was ahead of the clock that counts then: changed by sleep alone. */
  #uptimeAheadMs: number;
  #jump: Jump | undefined;
  #lastMs = 0;

  constructor(options: SteadyClockOptions) {
    this.#options = options;
    this.#countedMs = options.countedMs ?? (() => performance.now());
    this.#uptimeMs = options.uptimeMs ?? (() => uptime() * 1_000);
    this.#patienceMs = options.patienceMs ?? 120_000;
    this.#ahead = metricOf(options.registry, 'tapeline_ingester_clock_jump_seconds');
    this.#ahead.set({ feed: options.feed }, 0);
    this.#agreed = { wallMs: options.wallMs(), countedMs: this.#countedMs() };
    this.#uptimeAheadMs = this.#uptimeMs() - this.#agreed.countedMs;
  }

  /** Milliseconds since the Unix epoch, whole; never goes back. */
  now(): number {
    const beforeMs = this.#countedMs();
    const wallMs = this.#options.wallMs();
    const countedMs = this.#countedMs();
    if (countedMs - beforeMs < heldUpMs) this.#compare(wallMs, countedMs);
    this.#lastMs = Math.max(this.#lastMs, Math.floor(this.#agreed.wallMs + countedMs - this.#agreed.countedMs));
    return this.#lastMs;
  }

  /** Set when a jump has stayed for so long that {@link follow} is due: why a session ends. */
  get believed(): string | undefined {
    if (this.#jump === undefined || this.#countedMs() - this.#jump.sinceMs < this.#patienceMs) return undefined;
    return `the machine's clock was set ${said(this.#jump.aheadMs)}`;
  }

  /**
   * Goes by the wall clock as it is now. No session may run: what its heartbeats and receipts told is of another time. After a jump back
   * time stands still until the wall clock has caught up.
   */
  follow(): void {
    this.#options.logger.warn(`${this.believed ?? "the machine's clock was set"}: the feed goes by it from now on, in a new session`);
    this.#agree(this.#options.wallMs(), this.#countedMs());
  }

  #compare(wallMs: number, countedMs: number): void {
    const aheadMs = wallMs - (this.#agreed.wallMs + countedMs - this.#agreed.countedMs);
    if (Math.abs(aheadMs) <= toleranceMs) {
      if (this.#jump !== undefined) this.#options.logger.info("the machine's clock is right again");
      this.#agree(wallMs, countedMs);
    } else if (this.#jump === undefined || Math.abs(aheadMs - this.#jump.aheadMs) > toleranceMs) this.#jumped(aheadMs, wallMs, countedMs);
  }

  #agree(wallMs: number, countedMs: number): void {
    this.#agreed = { wallMs, countedMs };
    if (this.#jump === undefined) return;
    this.#jump = undefined;
    this.#ahead.set({ feed: this.#options.feed }, 0);
  }

  #jumped(aheadMs: number, wallMs: number, countedMs: number): void {
    const { feed, logger } = this.#options;
    const sleptMs = this.#uptimeMs() - countedMs - this.#uptimeAheadMs;
    if (Math.abs(aheadMs - sleptMs) <= toleranceMs) {
      this.#uptimeAheadMs += sleptMs;
      logger.info({ sleptMs }, 'the machine slept: the time goes on with its clock');
      return this.#agree(wallMs, countedMs);
    }
    this.#jump = { aheadMs, sinceMs: countedMs };
    this.#ahead.set({ feed }, aheadMs / 1_000);
    logger.error(
      { aheadMs },
      `the machine's clock jumped and is ${said(aheadMs)} of the time that the feed counts: it is believed if it stays so for ${this.#patienceMs / 1_000} s; look at what sets it (chrony, NTP)`,
    );
  }
}

function said(aheadMs: number): string {
  return `${Math.abs(Math.round(aheadMs / 1_000))} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}
