/**
 * Holds a vendor back in place of losing what it sends. While too much waits for the log, its socket is not read, and TCP fills up to the vendor.
 * Nobody may say meanwhile that all until now was received, nor afterwards until what waited in the socket is read.
 *
 * One stretch has a bound, because a vendor cuts off a client that reads nothing: after it all is read again, whatever is lost by that, until little waits.
 */
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export interface BackPressureOptions {
  /** Source and shard. */
  readonly feed: string;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Of one stretch: from its first pause until what waited in the socket is read. @default 30,000 */
  readonly boundMs?: number | undefined;
}

/** What can be held back: one connection while it is open. */
export interface PressedReader {
  pauseReading(): void;
  /** Reads on, and tells {@link BackPressure.caughtUp} when all that was sent until now is read. @param pausedMs for so long nothing was read. */
  resumeReading(pausedMs: number): void;
}

const defaultBoundMs = 30_000;
/** After it a server that answers no ping counts as read; a connection that is dead is found to be so before. */
const catchUpMs = 20_000;
/** Seconds are counted so often. */
const countMs = 1_000;

export class BackPressure {
  readonly #feed: string;
  readonly #logger: Logger;
  readonly #boundMs: number;
  readonly #seconds;
  readonly #paused;
  #isPressed = false;
  #reader: PressedReader | undefined;
  /** When the first pause of this stretch began. */
  #startMs: number | undefined;
  /** True when the bound has passed: no more pauses until the pressure is gone. */
  #isSpent = false;
  #pausedSinceMs: number | undefined;
  #countedMs = 0;
  #isBehind = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ feed, logger, registry, boundMs = defaultBoundMs }: BackPressureOptions) {
    this.#feed = feed;
    this.#logger = logger;
    this.#boundMs = boundMs;
    this.#seconds = metricOf(registry, 'tapeline_ingester_held_back_seconds_total');
    this.#paused = metricOf(registry, 'tapeline_ingester_held_back');
    this.#seconds.inc({ feed }, 0);
    this.#paused.set({ feed }, 0);
  }

  /** True while prices that were sent before now may wait in the socket. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Too much waits, or little again. */
  pressed(isPressed: boolean): void {
    this.#isPressed = isPressed;
    if (isPressed) return this.#pause();
    this.#isSpent = false;
    if (this.#pausedSinceMs !== undefined) this.#resume();
    else if (!this.#isBehind) this.#over();
  }

  /** A connection is open. */
  begin(reader: PressedReader): void {
    this.#reader = reader;
    if (this.#isPressed) this.#pause();
  }

  /** It ended: what waited in its socket is read, or lost with it. */
  end(reader: PressedReader): void {
    if (reader !== this.#reader) return;
    this.#reader = undefined;
    this.#endPause();
    this.#isBehind = false;
    clearTimeout(this.#timer);
    if (!this.#isPressed) this.#over();
  }

  /** What was sent while nothing was read is read. */
  caughtUp(): void {
    if (this.#pausedSinceMs !== undefined) return;
    this.#isBehind = false;
    clearTimeout(this.#timer);
    if (!this.#isSpent) this.#over();
  }

  /** The process stood still, so that nothing was read: what was asked before proves nothing. @param heldUpMs for how long */
  stoodStill(heldUpMs: number): void {
    if (this.#reader === undefined || this.#pausedSinceMs !== undefined) return;
    this.#isBehind = true;
    this.#readOn(heldUpMs);
  }

  #pause(): void {
    if (this.#reader === undefined || this.#isSpent || this.#pausedSinceMs !== undefined) return;
    const nowMs = performance.now();
    if (this.#startMs === undefined) {
      this.#startMs = nowMs;
      this.#logger.warn(
        { feed: this.#feed },
        `the feed sends more than the log takes: its socket is not read until less waits, for at most ${this.#boundMs} ms`,
      );
    }
    if (this.#leftMs(nowMs) <= 0) return this.#spend();
    this.#pausedSinceMs = nowMs;
    this.#countedMs = nowMs;
    this.#isBehind = true;
    this.#paused.set({ feed: this.#feed }, 1);
    this.#reader.pauseReading();
    this.#lookLater(this.#leftMs(nowMs));
  }

  /** Of the stretch. */
  #leftMs(nowMs: number): number {
    return (this.#startMs ?? nowMs) + this.#boundMs - nowMs;
  }

  #look(): void {
    const nowMs = performance.now();
    this.#count(nowMs);
    const leftMs = this.#leftMs(nowMs);
    if (leftMs > 0) return this.#lookLater(leftMs);
    this.#spend();
    this.#resume();
  }

  #lookLater(leftMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.min(countMs, Math.ceil(leftMs)));
  }

  #spend(): void {
    this.#isSpent = true;
    this.#logger.warn(
      { feed: this.#feed, heldBackMs: this.#boundMs },
      `the feed was held back for ${this.#boundMs} ms: it is read on, and what the buffers cannot hold is dropped, with a gap record`,
    );
  }

  #resume(): void {
    this.#readOn(this.#endPause());
  }

  #readOn(pausedMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.caughtUp(), catchUpMs);
    this.#reader?.resumeReading(pausedMs);
  }

  /** How long it was, in milliseconds. */
  #endPause(): number {
    const sinceMs = this.#pausedSinceMs;
    if (sinceMs === undefined) return 0;
    const nowMs = performance.now();
    this.#count(nowMs);
    this.#pausedSinceMs = undefined;
    this.#paused.set({ feed: this.#feed }, 0);
    return nowMs - sinceMs;
  }

  #count(nowMs: number): void {
    this.#seconds.inc({ feed: this.#feed }, (nowMs - this.#countedMs) / 1_000);
    this.#countedMs = nowMs;
  }

  /** The stretch, if there is one. */
  #over(): void {
    if (this.#startMs === undefined) return;
    const heldBackMs = Math.round(performance.now() - this.#startMs);
    this.#startMs = undefined;
    this.#logger.info({ feed: this.#feed, heldBackMs }, `the feed is read as it comes again, after ${heldBackMs} ms`);
  }
}
