/** What the simulator remembers of its clients, for tests and for people: attempts and connections, bounded. */

/** One request to open a WebSocket. */
export interface UpgradeAttempt {
  readonly timeMs: number;
  /** What was answered: 101 when it became a connection. */
  readonly status: number;
  /** Where the key stood; the key itself is not kept. */
  readonly keyIn: 'header' | 'query' | 'nowhere';
}

/** One connection, still open while `closedMs` is absent. */
export interface ConnectionHistory {
  /** From 1, in the order of arrival. */
  readonly number: number;
  readonly openedMs: number;
  readonly closedMs: number | undefined;
  /** Close code that the client sent, 1005 without one, 1006 when TCP just ended. */
  readonly closeCode: number | undefined;
  /** What the client sent: parsed JSON, or the text where it was none. The newest 1,000. */
  readonly messages: readonly unknown[];
  readonly messagesReceived: number;
  readonly pingsReceived: number;
  /** Prices that went out, those that misbehaviours added included. */
  readonly pricesSent: number;
  /** Subscribed now, as the vendor spells them. */
  readonly symbols: readonly string[];
}

/** How many attempts, connections, and messages of a connection are remembered. */
const journalLength = 1_000;

/** Appends and forgets the oldest beyond {@link journalLength}. */
export function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > journalLength) list.shift();
}
