/**
 * Watches one connection while it lasts: judges it when something can have changed, and ends it when it is dead, unanswered or mute. While back-pressure
 * does not let it be read it is not judged, and that time counts for nothing.
 */
import type { BackPressure, PressedReader } from './back-pressure.ts';
import type { Connection } from './connection.ts';
import type { Liveness } from './liveness.ts';
import type { MarketPace } from './market-pace.ts';

export interface ConnectionWatchOptions {
  readonly connection: Connection;
  readonly liveness: Liveness;
  readonly pace: MarketPace;
  readonly pressure: BackPressure;
  /** Those of the connection's markets that are open now. */
  readonly openMarkets: () => readonly string[];
  /** What else is to be looked after, at least once a second. */
  readonly tend: () => void;
}

const longestCheckMs = 1_000;
/** A look that comes so late tells of a process that was held up, with what it received not yet read. */
const heldUpMs = 1_000;
const readFirstMs = 50;

export class ConnectionWatch implements PressedReader {
  readonly #options: ConnectionWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #isPaused = false;
  /** The ping whose pong stands behind all that waited while nothing was read. */
  #mark = Number.POSITIVE_INFINITY;

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
  }

  /** Looks now, and again until {@link stop}. */
  start(): void {
    this.#look(performance.now());
    this.#options.pressure.begin(this);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#options.pressure.end(this);
  }

  /** A pong, with the number of its ping. */
  pong(number: number): void {
    this.#options.liveness.heard(performance.now());
    if (this.#isPaused || !(number >= this.#mark)) return;
    this.#mark = Number.POSITIVE_INFINITY;
    this.#options.pressure.caughtUp();
  }

  pauseReading(): void {
    this.#isPaused = true;
    this.#options.connection.pause();
  }

  resumeReading(pausedMs: number): void {
    const { connection, liveness, pace } = this.#options;
    this.#isPaused = false;
    liveness.suspended(pausedMs, performance.now());
    pace.interrupted();
    connection.resume();
    this.#mark = connection.ping();
  }

  #look(dueMs: number): void {
    const nowMs = performance.now();
    if (nowMs - dueMs >= heldUpMs) return this.#lookIn(readFirstMs);
    const { connection, liveness, pace, openMarkets, tend } = this.#options;
    if (this.#isPaused) {
      tend();
      return this.#lookIn(longestCheckMs);
    }
    const open = openMarkets();
    const { verdict, againInMs } = liveness.judge(nowMs, pace.patienceMs(open));
    if (verdict === 'mute') pace.muted(open, liveness.silenceMs(nowMs), nowMs);
    if (verdict !== 'alive') return connection.end({ kind: 'closed', reason: verdict }, verdict === 'no pong');
    tend();
    this.#lookIn(Math.min(longestCheckMs, Math.ceil(againInMs)));
  }

  #lookIn(ms: number): void {
    const dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => this.#look(dueMs), ms);
  }
}
