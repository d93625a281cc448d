/** A client of the board's socket that remembers what it was told. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type {
  BoardRow,
  ClientMessage,
  ErrorMessage,
  FeedStatus,
  HelloMessage,
  ServerMessage,
  UpdateMessage,
} from '../../src/board-messages.ts';
import { RowReader } from '../../src/browser/row-frames.ts';

export class Screen {
  readonly socket: WebSocket;
  readonly updates: (UpdateMessage & { readonly atMs: number })[] = [];
  readonly errors: ErrorMessage['error'][] = [];
  /** The newest row of each symbol. */
  readonly table = new Map<string, BoardRow>();
  hello: HelloMessage['hello'] | undefined;
  readonly #reader = new RowReader();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.#received(data as Buffer, isBinary));
    socket.on('error', () => undefined);
  }

  static async open(url: string, options: { readonly origin?: string } = {}): Promise<Screen> {
    const screen = new Screen(new WebSocket(`${url.replace('http', 'ws')}/ws`, options));
    await once(screen.socket, 'open');
    return screen;
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  watch(...symbols: readonly string[]): void {
    this.send({ watch: { symbols } });
  }

  subscribe(symbol: string, interval: string): void {
    this.socket.send(JSON.stringify({ subscribe: { symbol, interval } }));
  }

  /** All rows, in the order in which they came. */
  get rows(): readonly BoardRow[] {
    return this.updates.flatMap(update => update.rows ?? []);
  }

  /** The feeds as they were told last. */
  get feeds(): readonly FeedStatus[] {
    return this.updates.findLast(update => update.feeds !== undefined)?.feeds ?? [];
  }

  /** Prices of a symbol, in the order in which they came. */
  prices(symbol: string): readonly number[] {
    return this.rows.flatMap(row => (row.symbol === symbol ? row.price : []));
  }

  #received(data: Buffer, isBinary: boolean): void {
    const message = isBinary ? this.#read(data) : (JSON.parse(data.toString()) as ServerMessage);
    if ('hello' in message) this.hello = message.hello;
    else if ('symbols' in message) this.#reader.learn(message.symbols);
    else if ('error' in message) this.errors.push(message.error);
    else this.updates.push({ ...message, atMs: performance.now() });
  }

  #read(data: Buffer): UpdateMessage {
    const { nowMs, rows } = this.#reader.read(new DataView(data.buffer, data.byteOffset, data.length));
    for (const row of rows) this.table.set(row.symbol, row);
    return rows.length === 0 ? { nowMs } : { nowMs, rows };
  }
}
