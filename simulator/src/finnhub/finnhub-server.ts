/**
 * A server that speaks Finnhub's protocol over a real socket: one connection for a key, one symbol a message, no answer to a subscription
 * but an error, several trades a message. What it trades is what a test or a demonstration tells it; it keeps the account.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { refuseUpgrade, simulatedHeader } from '../upgrade.ts';

/** A trade as the vendor tells it. */
export interface FinnhubTrade {
  /** Symbol. */
  readonly s: string;
  /** Price. */
  readonly p: number;
  /** Milliseconds since the Unix epoch. */
  readonly t: number;
  /** Size; 0 for a change of price without a trade. */
  readonly v: number;
  /** Conditions. */
  readonly c?: readonly string[] | null;
}

export interface FinnhubServerOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** When given, any other key is refused. @default every key is accepted, none too */
  readonly apiKey?: string;
  /** Symbols of one connection, as a plan bounds them. @default 50 */
  readonly symbolLimit?: number;
  /** Symbols that are answered with `Invalid symbol X`. */
  readonly invalid?: readonly string[];
  /** How often `{"type":"ping"}` is sent. @default 30,000 */
  readonly pingIntervalMs?: number;
}

/** One connection: what it sent, and what it stands subscribed to. */
export interface FinnhubConnectionHistory {
  readonly received: readonly unknown[];
  readonly symbols: readonly string[];
}

const longestClientMessageBytes = 64 * 1024;

/** Starts the server on loopback. */
export async function startFinnhubServer(options: FinnhubServerOptions = {}): Promise<FinnhubServer> {
  const server = new FinnhubServer(options);
  await server.listen(options.port ?? 0);
  return server;
}

export class FinnhubServer {
  /** All connections, oldest first. */
  readonly connections: FinnhubConnectionHistory[] = [];
  /** Upgrades that were refused, with their HTTP status. */
  readonly refusals: number[] = [];
  /** Trades that were sent to somebody who had subscribed to them, in order of sending. */
  readonly account: FinnhubTrade[] = [];
  readonly #options: FinnhubServerOptions;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: longestClientMessageBytes, autoPong: false });
  readonly #subscribed = new Map<WebSocket, Set<string>>();
  readonly #byKey = new Map<string, WebSocket>();
  readonly #pings: NodeJS.Timeout;
  /** From the subscription to this symbol on, nothing that a connection sends is taken in. */
  #heldSymbol: string | undefined;
  /** What is not taken in yet, of each connection that is held. */
  readonly #held = new Map<WebSocket, (() => void)[]>();
  /** Answers the next upgrades in place of a connection. */
  #refusing: { status: number; times: number } = { status: 0, times: 0 };

  constructor(options: FinnhubServerOptions) {
    this.#options = options;
    this.#sockets.on('headers', headers => headers.push(`${simulatedHeader.name}: ${simulatedHeader.value}`));
    this.#http = createServer((_, response) => response.writeHead(404).end());
    this.#http.on('upgrade', (request, tcp, head) => this.#upgrade(request, tcp, head));
    this.#pings = setInterval(() => this.send({ type: 'ping' }), options.pingIntervalMs ?? 30_000);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => this.#http.once('error', reject).listen(port, '127.0.0.1', resolve));
  }

  /** Sends these trades in one message to each connection, those that it subscribed to. */
  trade(...trades: readonly FinnhubTrade[]): void {
    for (const [socket, symbols] of this.#subscribed) {
      const data = trades.filter(trade => symbols.has(trade.s));
      if (data.length === 0) continue;
      this.account.push(...data);
      socket.send(JSON.stringify({ data, type: 'trade' }));
    }
  }

  /** Sends anything to every connection: text as it is, all else as JSON. */
  send(message: unknown): void {
    for (const socket of this.#subscribed.keys()) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Answers the next upgrades with this HTTP status. */
  refuseUpgrades(status: number, times: number): void {
    this.#refusing = { status, times };
  }

  /** From the subscription to this symbol on, nothing that a connection sends is taken in, pings neither, until {@link release}. */
  hold(symbol: string): void {
    this.#heldSymbol = symbol;
  }

  /** Takes in, in order, all that was held. */
  release(): void {
    this.#heldSymbol = undefined;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const take of held.flat()) take();
  }

  /** True while something is held. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Ends every connection without a close code. */
  dropConnections(): void {
    for (const socket of this.#subscribed.keys()) socket.terminate();
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    this.dropConnections();
    await new Promise<void>(resolve => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #upgrade(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    const key = new URL(request.url ?? '/', 'ws://finnhub').searchParams.get('token') ?? '';
    const status = this.#refusalOf(key);
    if (status === undefined) return this.#sockets.handleUpgrade(request, tcp, head, socket => this.#opened(key, socket));
    this.refusals.push(status);
    refuseUpgrade(tcp, { status, contentType: 'text/plain', body: status === 401 ? 'Invalid API key' : '' });
  }

  #refusalOf(key: string): number | undefined {
    if (this.#refusing.times > 0) {
      this.#refusing.times -= 1;
      return this.#refusing.status;
    }
    return this.#options.apiKey !== undefined && key !== this.#options.apiKey ? 401 : undefined;
  }

  #opened(key: string, socket: WebSocket): void {
    const received: unknown[] = [];
    const symbols = new Set<string>();
    this.connections.push({
      received,
      get symbols() {
        return [...symbols];
      },
    });
    this.#byKey.get(key)?.close(1008);
    this.#byKey.set(key, socket);
    this.#subscribed.set(socket, symbols);
    socket.on('close', () => {
      this.#subscribed.delete(socket);
      this.#held.delete(socket);
      if (this.#byKey.get(key) === socket) this.#byKey.delete(key);
    });
    socket.on('error', () => socket.terminate());
    socket.on('ping', data => this.#inOrder(socket, () => socket.pong(data)));
    socket.on('message', data => {
      const message = JSON.parse(String(data)) as { readonly type?: unknown; readonly symbol?: unknown };
      if (this.#heldSymbol !== undefined && message.symbol === this.#heldSymbol && !this.#held.has(socket)) this.#held.set(socket, []);
      this.#inOrder(socket, () => {
        received.push(message);
        const error = this.#subscribe(message, symbols);
        if (error !== undefined) socket.send(JSON.stringify({ msg: error, type: 'error' }));
      });
    });
  }

  #inOrder(socket: WebSocket, take: () => void): void {
    const held = this.#held.get(socket);
    if (held === undefined) take();
    else held.push(take);
  }

  /** Takes a subscription in; gives the error that the vendor would answer. */
  #subscribe({ type, symbol }: { readonly type?: unknown; readonly symbol?: unknown }, symbols: Set<string>): string | undefined {
    if (typeof symbol !== 'string') return 'Invalid message';
    if (type === 'unsubscribe') symbols.delete(symbol);
    if (type !== 'subscribe') return undefined;
    if (this.#options.invalid?.includes(symbol)) return `Invalid symbol ${symbol}`;
    if (symbols.size >= (this.#options.symbolLimit ?? 50) && !symbols.has(symbol)) return 'Subscribing to too many symbols';
    symbols.add(symbol);
    return undefined;
  }
}
