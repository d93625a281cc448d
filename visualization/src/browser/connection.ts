/** The socket to the server: opened again, with growing waits, until it is closed; the server is told anew what the page wants. */
import type { ChartSubscription, ClientMessage, ErrorMessage, HelloMessage, ServerMessage, UpdateMessage } from '../board-messages.ts';
import { RowReader } from './row-frames.ts';

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'lost'; readonly retryInMs: number; readonly reason: string };

export interface ConnectionOptions {
  /** `ws://…` or `wss://…`. */
  readonly url: string;
  /** The first word of each connection. */
  readonly hello: (message: HelloMessage) => void;
  /** What changed; after a lost connection everything comes again. */
  readonly update: (message: UpdateMessage) => void;
  /** `open` comes with the server's hello. */
  readonly state: (state: ConnectionState) => void;
  /** A message that the server refused. */
  readonly error?: (error: ErrorMessage['error']) => void;
}

export interface BoardConnection {
  /** The symbols whose rows are wanted, in the place of those before; at most `maxSymbols` of the hello. */
  watch(symbols: readonly string[]): void;
  /** The chart that is followed, in the place of the one before. */
  subscribe(chart: ChartSubscription | undefined): void;
  /** Ends it for good. */
  close(): void;
}

/** The server speaks every two seconds at least. */
const silenceMs = 6_000;
const longestWaitMs = 5_000;

/** Connects, and goes on until `close`. */
export function connectBoard(options: ConnectionOptions): BoardConnection {
  return new ReconnectingConnection(options);
}

class ReconnectingConnection implements BoardConnection {
  readonly #options: ConnectionOptions;
  #socket: WebSocket | undefined;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #symbols: readonly string[] = [];
  #chart: ChartSubscription | undefined;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#open();
  }

  watch(symbols: readonly string[]): void {
    this.#symbols = [...symbols];
    this.#send({ watch: { symbols: this.#symbols } });
  }

  subscribe(chart: ChartSubscription | undefined): void {
    this.#chart = chart;
    this.#send(chart === undefined ? { unsubscribe: {} } : { subscribe: chart });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(): void {
    this.#options.state({ kind: 'connecting' });
    const socket = new WebSocket(this.#options.url);
    const reader = new RowReader();
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#expectWord(socket);
    socket.addEventListener('open', () => this.#sayAgain());
    socket.addEventListener('message', event => {
      if (socket === this.#socket) this.#received(socket, reader, event.data as string | ArrayBuffer);
    });
    socket.addEventListener('close', ({ code, reason }) => this.#lost(socket, reason || `the connection ended with ${code}`));
  }

  #sayAgain(): void {
    if (this.#symbols.length > 0) this.#send({ watch: { symbols: this.#symbols } });
    if (this.#chart !== undefined) this.#send({ subscribe: this.#chart });
  }

  #received(socket: WebSocket, reader: RowReader, data: string | ArrayBuffer): void {
    this.#expectWord(socket);
    this.#attempts = 0;
    if (typeof data === 'string') this.#understand(reader, JSON.parse(data) as ServerMessage);
    else this.#read(socket, reader, data);
  }

  #understand(reader: RowReader, message: ServerMessage): void {
    if ('hello' in message) {
      this.#options.state({ kind: 'open' });
      this.#options.hello(message);
    } else if ('symbols' in message) reader.learn(message.symbols);
    else if ('error' in message) this.#options.error?.(message.error);
    else this.#options.update(message);
  }

  #read(socket: WebSocket, reader: RowReader, data: ArrayBuffer): void {
    try {
      const { nowMs, rows } = reader.read(data);
      this.#options.update(rows.length === 0 ? { nowMs } : { nowMs, rows });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      socket.close();
      this.#lost(socket, error.message);
    }
  }

  #lost(socket: WebSocket, reason: string): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = undefined;
    this.#attempts += 1;
    const retryInMs = Math.round(Math.min(longestWaitMs, 250 * 2 ** Math.min(this.#attempts, 6)) * (0.5 + Math.random() / 2));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), retryInMs);
    this.#options.state({ kind: 'lost', retryInMs, reason });
  }

  #send(message: ClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** A connection can be dead without a word: a sleeping laptop, a lost network. */
  #expectWord(socket: WebSocket): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      socket.close();
      this.#lost(socket, `no word from the server for ${silenceMs / 1_000} s`);
    }, silenceMs);
  }
}
