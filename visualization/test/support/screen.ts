/** A client of the board's socket that remembers what it was told. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ErrorMessage, HelloMessage, UpdateMessage } from '../../src/board-messages.ts';

export class Screen {
  readonly socket: WebSocket;
  readonly updates: (UpdateMessage & { readonly atMs: number })[] = [];
  readonly errors: ErrorMessage['error'][] = [];
  hello: HelloMessage['hello'] | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', data => this.#received(String(data)));
    socket.on('error', () => undefined);
  }

  static async open(url: string, options: { readonly origin?: string } = {}): Promise<Screen> {
    const screen = new Screen(new WebSocket(`${url.replace('http', 'ws')}/ws`, options));
    await once(screen.socket, 'open');
    return screen;
  }

  watch(...symbols: readonly string[]): void {
    this.socket.send(JSON.stringify({ watch: { symbols } }));
  }

  subscribe(symbol: string, interval: string): void {
    this.socket.send(JSON.stringify({ subscribe: { symbol, interval } }));
  }

  /** Prices of a symbol, in the order in which they came. */
  prices(symbol: string): readonly number[] {
    return this.updates.flatMap(update => update.rows?.filter(row => row.symbol === symbol).map(row => row.price) ?? []);
  }

  #received(text: string): void {
    const message = JSON.parse(text) as HelloMessage | UpdateMessage | ErrorMessage;
    if ('hello' in message) this.hello = message.hello;
    else if ('error' in message) this.errors.push(message.error);
    else this.updates.push({ ...message, atMs: performance.now() });
  }
}
