/** The socket to the server: opened again, with growing waits, for as long as the page is open. */
import type { ServerMessage, SubscribeMessage } from '../board-messages.ts';

export interface ConnectionEvents {
  readonly opened: () => void;
  readonly message: (message: ServerMessage) => void;
  /** @param attempts how often it was tried since the connection was lost */
  readonly lost: (sinceMs: number, attempts: number) => void;
}

/** The server speaks every two seconds at least. */
const silenceMs = 6_000;
const longestWaitMs = 5_000;

export class Connection {
  readonly #events: ConnectionEvents;
  #socket: WebSocket | undefined;
  #attempts = 0;
  #lostSinceMs: number | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(events: ConnectionEvents) {
    this.#events = events;
    this.#open();
  }

  /** Says something if there is a connection; `opened` is the moment to say it again. */
  send(message: SubscribeMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #open(): void {
    const url = new URL('ws', document.baseURI);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#watch(socket);
    socket.addEventListener('open', () => {
      if (socket === this.#socket) this.#events.opened();
    });
    socket.addEventListener('message', event => {
      if (socket === this.#socket) this.#received(socket, String(event.data));
    });
    socket.addEventListener('close', () => this.#lost(socket));
  }

  #received(socket: WebSocket, text: string): void {
    this.#watch(socket);
    this.#attempts = 0;
    this.#lostSinceMs = undefined;
    this.#events.message(JSON.parse(text) as ServerMessage);
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    clearTimeout(this.#watchdog);
    this.#socket = undefined;
    this.#attempts += 1;
    this.#lostSinceMs ??= Date.now();
    this.#events.lost(this.#lostSinceMs, this.#attempts);
    const waitMs = Math.min(longestWaitMs, 250 * 2 ** Math.min(this.#attempts, 6)) * (0.5 + Math.random() / 2);
    setTimeout(() => this.#open(), waitMs);
  }

  /** A connection can be dead without a word: a sleeping laptop, a lost network. */
  #watch(socket: WebSocket): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      socket.close();
      this.#lost(socket);
    }, silenceMs);
  }
}
