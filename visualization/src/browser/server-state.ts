/** What the page knows of its server and of the feeds: written into the head, the notices and the clock. */
import type { UpdateMessage } from '../board-messages.ts';
import type { ConnectionState } from './connection.ts';
import { ConnectionStateView } from './connection-state.ts';
import type { BoardState } from './notices.ts';
import { showState } from './notices-view.ts';
import { clock } from './number-format.ts';
import { place, write } from './page-elements.ts';

export class ServerState {
  readonly #connection: ConnectionStateView;
  #state: Omit<BoardState, 'nowMs'> = { feeds: [], problem: '', lost: undefined, refusal: '' };
  /** How far the server's clock is ahead of this one. */
  #aheadMs = 0;

  /** @param retry asked for by the reader: connect at once */
  constructor(retry: () => void) {
    this.#connection = new ConnectionStateView(retry);
    setInterval(() => this.#write(), 1_000);
    this.#write();
  }

  /** The server's clock, milliseconds since the Unix epoch. */
  get nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  get isSimulated(): boolean {
    return this.#state.feeds.some(feed => feed.simulated);
  }

  connection(state: ConnectionState): void {
    this.#connection.show(state);
    if (state.kind === 'lost') {
      const { lost } = this.#state;
      this.#state = { ...this.#state, lost: lost ?? { sinceMs: this.nowMs, reason: state.reason } };
      this.#write();
      leaveIfUnknown();
    }
  }

  /** The server does not give what it was asked for, or is asked anew (an empty text). */
  refused(refusal: string): void {
    this.#state = { ...this.#state, refusal };
    this.#write();
  }

  update(message: UpdateMessage): void {
    this.#aheadMs = message.nowMs - Date.now();
    const { feeds, problem, lost } = this.#state;
    this.#state = { ...this.#state, feeds: message.feeds ?? feeds, problem: message.problem ?? problem, lost: undefined };
    if (message.feeds !== undefined || message.problem !== undefined || lost !== undefined) this.#write();
  }

  #write(): void {
    const { nowMs } = this;
    write(place('clock'), clock(nowMs, nowMs));
    showState({ ...this.#state, nowMs });
  }
}

/** A server that no longer knows this browser says so, with what to do, once the page is loaded again. */
function leaveIfUnknown(): void {
  fetch('api/feeds').then(
    ({ status }) => status === 401 && location.reload(),
    () => undefined,
  );
}
