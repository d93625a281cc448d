/** A server that speaks TwelveData's price protocol over a real socket, with a seeded market or a recording behind it. */
import type { Logger } from 'pino';
import type { ConnectionHistory, UpgradeAttempt } from './connection-journal.ts';
import type { Instrument } from './market/instruments.ts';
import type { Misbehaviour, MisbehaviourName } from './misbehaviours/misbehaviour.ts';

export interface MarketOptions {
  /** Symbols of well-known instruments, or instruments of your own. @default all well-known ones */
  readonly instruments?: readonly (string | Instrument)[];
  /** Over all instruments, subscribed or not, on average. @default 20 */
  readonly ticksPerSecond?: number;
  /** The market's time at the start; from there it runs with `clock`. @default the clock's */
  readonly startMs?: number;
  /** Markets never close, so that there is movement at night and on weekends. @default true */
  readonly alwaysOpen?: boolean;
}

export interface SimulatorOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** When given, any other key is refused. @default every key is accepted, none too */
  readonly apiKey?: string;
  /** The same seed and time give the same market. */
  readonly seed: number;
  readonly market?: MarketOptions;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** Play this instead of the market; `speed` 1 is the recording's own, `'max'` as fast as the client reads. */
  readonly recording?: { readonly path: string; readonly speed: number | 'max' };
  /** Say the time before each message, for an ingester with `FEED_CLOCK=feed`. @default false */
  readonly sayTime?: boolean;
  /** What to do wrong from the start, one or several at once. */
  readonly misbehaviour?: Misbehaviour | readonly Misbehaviour[];
  readonly logger: Logger;
}

export interface Simulator {
  /** `ws://127.0.0.1:PORT/v1/quotes/price` */
  readonly url: string;
  readonly port: number;
  /** All connections, the newest 1,000, oldest first; the entries change while the connections live. */
  readonly connections: readonly ConnectionHistory[];
  /** All requests to connect, refused ones included, the newest 1,000. */
  readonly attempts: readonly UpgradeAttempt[];
  /** Switches a misbehaviour on, in place of one of the same kind; counts (`afterMessages`, `connections`) begin now. */
  misbehave(misbehaviour: Misbehaviour): void;
  /** Switches one kind of misbehaviour off, or all. */
  behave(kind?: MisbehaviourName): void;
  /** Ends every open connection without a close code. */
  dropConnections(): void;
  /** Resolves when the recording's last message has gone out; never without a recording. */
  whenPlayed(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a simulator; it listens when the promise resolves. Every answer to an upgrade carries `x-simulated: true`.
 * @throws PipelineError `usage` for a misbehaviour or symbol that is none; `recording.malformed`, `recording.unreadable`.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  throw new Error(`not there yet: the server on port ${options.port ?? 0}`);
}
