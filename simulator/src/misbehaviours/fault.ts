/** What a misbehaviour is made of: the hooks by which it changes what the simulator does. */
import { z } from 'zod';

/** A message on its way to a client. */
export interface Outgoing {
  readonly event: Readonly<Record<string, unknown>>;
  /** The text to send; `event` as JSON when absent. */
  readonly raw?: string;
  /** What a `simulated-time` before it says, in milliseconds; what a fault sends late says the time of the message before. */
  readonly timeMs: number;
}

/** The answer to a subscription, as the vendor sends it. */
export interface SubscribeStatus {
  readonly event: 'subscribe-status';
  readonly status: 'ok' | 'warning' | 'error';
  readonly success: readonly Readonly<Record<string, unknown>>[] | null;
  readonly fails: readonly { readonly symbol: string; readonly message: string }[] | null;
}

/** An answer to the upgrade in place of a WebSocket. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a fault may do to its connection. */
export interface Wire {
  /** Sends past the other faults, but where no price is sent any more; nothing happens once the connection ends. */
  send(out: Outgoing): void;
  /** Calls `action` after `delayMs`, unless the connection has ended by then. */
  later(delayMs: number, action: () => void): void;
  /** Ends the TCP connection without a close code, after what was sent. */
  terminate(): void;
  close(code: number): void;
  /** The last price that any client was sent. */
  lastPrice(symbol: string): Outgoing | undefined;
  /** From the simulator's seed, in [0, 1). */
  random(): number;
}

/** A fault on one connection. A hook that is absent leaves the vendor's behaviour as it is. */
export interface ConnectionFault {
  /** The vendor's message when the symbol is refused. */
  refuse?(symbol: string): string | undefined;
  /** The answer in place of this one; `undefined` for none at all. */
  status?(status: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined;
  /** What goes out right after the answer. */
  afterStatus?(symbols: readonly string[]): readonly Outgoing[];
  /** What goes out in place of a price. */
  price?(out: Outgoing): readonly Outgoing[];
  /** What is still held back when a session ends. */
  flush?(): readonly Outgoing[];
  /** True when no price is sent any more, none that another fault made or held back either. */
  mute?(): boolean;
  /** True when nothing at all is sent any more, no pong either. */
  silent?(): boolean;
}

/** A fault as it is switched on: on the upgrade, or anew on every connection that it touches. */
export interface Fault {
  upgrade?(): UpgradeRefusal;
  connection?(wire: Wire): ConnectionFault;
}

/** A kind of misbehaviour: its options by schema (with descriptions for `--help`), and what it does. */
export interface MisbehaviourKind<Schema extends z.ZodObject = z.ZodObject> {
  readonly summary: string;
  readonly schema: Schema;
  fault(options: z.infer<Schema>): Fault;
}

/** Lets a kind's `fault` see the type of its own options. */
export function misbehaviourKind<Schema extends z.ZodObject>(kind: MisbehaviourKind<Schema>): MisbehaviourKind<Schema> {
  return kind;
}

/** The option that every kind has. */
export const connections = z.int().min(1).optional().describe('touches only the first N connections (or upgrades); all when absent');

/** How often a kind acts. */
export const every = z.int().min(1).optional().describe('acts on each Nth price of a connection; 1 when absent');

/** True once in `n` calls, on the last of them. */
export function eachNth(n = 1): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % n === 0;
  };
}
