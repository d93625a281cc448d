/** Shows how the page stands with its server: connected, connecting, or how long until it tries again. */
import type { ConnectionState } from './connection.ts';
import { connectionText } from './notices.ts';
import { place, write } from './page-elements.ts';

export class ConnectionStateView {
  #state: ConnectionState = { kind: 'connecting' };
  #retryAtMs = 0;

  /** @param retry asked for by the reader: try at once */
  constructor(retry: () => void) {
    place('retry').addEventListener('click', retry);
    setInterval(() => this.#write(), 250);
  }

  show(state: ConnectionState): void {
    // The words stay while one attempt is under way: "lost" and "connecting" in turns would only flicker.
    this.#state = state.kind === 'connecting' && this.#state.kind === 'lost' ? this.#state : state;
    if (state.kind === 'lost') this.#retryAtMs = performance.now() + state.retryInMs;
    this.#write();
  }

  #write(): void {
    const element = place('connection');
    element.dataset.state = this.#state.kind;
    write(element, connectionText(this.#state.kind, this.#retryAtMs - performance.now()));
    place('retry').hidden = this.#state.kind !== 'lost';
  }
}
