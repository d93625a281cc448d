/** Watches one connection while it lasts: judges it when something can have changed, and ends it when it is dead, unanswered or mute. */
import type { Connection } from './connection.ts';
import type { Liveness } from './liveness.ts';
import type { MarketPace } from './market-pace.ts';

export interface ConnectionWatchOptions {
  readonly connection: Connection;
  readonly liveness: Liveness;
  readonly pace: MarketPace;
  /** Those of the connection's markets that are open now. */
  readonly openMarkets: () => readonly string[];
  /** What else is to be looked after, at least once a second. */
  readonly tend: () => void;
}

const longestCheckMs = 1_000;
/** A look that comes so late tells of a process that was held up, with what it received not yet read. */
const heldUpMs = 1_000;
const readFirstMs = 50;

export class ConnectionWatch {
  readonly #options: ConnectionWatchOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
  }

  /** Looks now, and again until {@link stop}. */
  start(): void {
    this.#look(performance.now());
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(dueMs: number): void {
    const nowMs = performance.now();
    if (nowMs - dueMs >= heldUpMs) return this.#lookIn(readFirstMs);
    const { connection, liveness, pace, openMarkets, tend } = this.#options;
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
