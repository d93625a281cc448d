/**
 * The board's WebSocket: tells every screen what changed, at most ten times a second each. Screens are independent: one that does
 * not read is passed over until it does and then gets the newest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { WebSocket } from 'ws';
import { BoardClient, type FlushNews } from './board-client.ts';
import type { BoardRow, ErrorMessage, HelloMessage } from './board-messages.ts';
import { maxSymbols, readClientMessage } from './client-message.ts';
import type { LiveMarket, Watch } from './live-market.ts';

export interface BoardSocketOptions {
  readonly market: LiveMarket;
  readonly logger: Logger;
  readonly registry: Registry;
  /** @default 100: ten updates a second */
  readonly updateIntervalMs?: number;
  /** Further clients are refused with 503. @default 200 */
  readonly maxClients?: number;
  /** A client with more bytes than this unsent is passed over. @default 256 KiB */
  readonly maxBufferedBytes?: number;
  /** A client that does not answer a ping until the next one is cut off. @default 15,000 */
  readonly pingIntervalMs?: number;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** Messages of a client in ten seconds; more end its connection (1008). */
const maxMessagesInTenSeconds = 50;

interface Connection {
  readonly socket: WebSocket;
  readonly client: BoardClient;
  isAnswering: boolean;
  messages: number;
}

export class BoardSocket {
  readonly #options: Required<Omit<BoardSocketOptions, 'registry'>>;
  readonly #metrics: SocketMetrics;
  readonly #connections = new Set<Connection>();
  readonly #watch: Watch;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #rowTexts = new Map<string, string>();
  #feedsText = '';
  #feedsVersion = 0;

  constructor({ registry, ...options }: BoardSocketOptions) {
    const defaults = { updateIntervalMs: 100, maxClients: 200, maxBufferedBytes: 262_144, pingIntervalMs: 15_000, now: Date.now };
    this.#options = { ...defaults, ...options };
    this.#metrics = socketMetrics(registry);
    this.#watch = options.market.watch();
    this.#timers = [
      setInterval(() => this.#flush(), this.#options.updateIntervalMs),
      setInterval(() => this.#ping(), this.#options.pingIntervalMs),
      setInterval(() => this.#forgive(), 10_000),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Adds `/ws` to a server that has the websocket plug-in. */
  mount(server: FastifyInstance): void {
    const admit = (request: FastifyRequest, reply: FastifyReply) => this.#admit(request, reply);
    server.get('/ws', { websocket: true, preValidation: admit }, socket => this.#connected(socket));
  }

  /** Says good-bye to every screen, and cuts off those that do not answer within half a second. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#watch.close();
    for (const { socket } of this.#connections) socket.close(1001, 'the board stops');
    for (let waitedMs = 0; waitedMs < 500 && this.#connections.size > 0; waitedMs += 25) await sleep(25);
    for (const { socket } of this.#connections) socket.terminate();
  }

  /** A page of another site must not read the board through a visitor's browser. */
  async #admit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { origin, host } = request.headers;
    if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) {
      const message = `origin "${origin.slice(0, 200)}" must be of the host "${host ?? ''}": a proxy in between has to pass Host on`;
      return reply.code(403).send(errorMessage('origin.refused', message));
    }
    if (this.#connections.size < this.#options.maxClients) return undefined;
    const message = `the board serves ${this.#options.maxClients} screens at a time: try again later`;
    return reply.code(503).header('retry-after', '10').send(errorMessage('clients.full', message));
  }

  #connected(socket: WebSocket): void {
    const { market, updateIntervalMs } = this.#options;
    const connection: Connection = { socket, client: new BoardClient(market), isAnswering: true, messages: 0 };
    this.#connections.add(connection);
    this.#metrics.clients.set(this.#connections.size);
    socket.on('pong', () => {
      connection.isAnswering = true;
    });
    socket.on('message', data => this.#received(connection, String(data)));
    // Without a listener an oversized message would end the process; `close` follows in any case.
    socket.on('error', error => this.#options.logger.debug({ reason: error.message }, 'a screen broke its connection'));
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#metrics.clients.set(this.#connections.size);
    });
    const hello: HelloMessage = { hello: { intervals: market.intervals, maxUpdatesPerSecond: 1_000 / updateIntervalMs, maxSymbols } };
    socket.send(JSON.stringify(hello));
  }

  #received(connection: Connection, text: string): void {
    connection.messages += 1;
    if (connection.messages > maxMessagesInTenSeconds) {
      connection.socket.close(1008, `more than ${maxMessagesInTenSeconds} messages in 10 s`);
      return;
    }
    const read = readClientMessage(text);
    if ('refusal' in read) connection.socket.send(JSON.stringify(errorMessage('message.invalid', read.refusal)));
    else if ('watch' in read.message) connection.client.watch(read.message.watch.symbols);
    else connection.client.subscribe('subscribe' in read.message ? read.message.subscribe : undefined);
  }

  #flush(): void {
    const { market, maxBufferedBytes } = this.#options;
    const changes = this.#watch.drain();
    for (const symbol of changes.symbols) this.#rowTexts.delete(symbol);
    if (this.#connections.size === 0) return;
    const news = this.#news();
    for (const { client, socket } of this.#connections) {
      for (const symbol of changes.symbols) client.touched(symbol);
      if (changes.missedBars) client.missedBars();
      for (const bar of changes.bars) client.changed(bar);
      if (socket.readyState !== socket.OPEN) continue;
      if (socket.bufferedAmount > maxBufferedBytes) {
        this.#metrics.skipped.inc();
        continue;
      }
      const text = client.update(news);
      if (text === undefined) continue;
      socket.send(text);
      this.#metrics.sent.inc();
    }
    if (this.#rowTexts.size > market.symbols().length) this.#rowTexts.clear();
  }

  #news(): FlushNews {
    const { market, now } = this.#options;
    const feeds = market.feeds();
    const feedsText = JSON.stringify(feeds);
    if (feedsText !== this.#feedsText) {
      this.#feedsText = feedsText;
      this.#feedsVersion += 1;
    }
    return {
      nowMs: now(),
      feeds,
      feedsVersion: this.#feedsVersion,
      problem: market.problem() ?? '',
      rowText: symbol => this.#rowText(symbol),
    };
  }

  #rowText(symbol: string): string | undefined {
    const known = this.#rowTexts.get(symbol);
    if (known !== undefined) return known;
    const row = boardRow(this.#options.market, symbol);
    if (row === undefined) return undefined;
    const text = JSON.stringify(row);
    this.#rowTexts.set(symbol, text);
    return text;
  }

  #ping(): void {
    for (const connection of this.#connections) {
      if (!connection.isAnswering) connection.socket.terminate();
      else connection.socket.ping();
      connection.isAnswering = false;
    }
  }

  #forgive(): void {
    for (const connection of this.#connections) connection.messages = 0;
  }
}

interface SocketMetrics {
  readonly clients: Gauge;
  readonly sent: Counter;
  readonly skipped: Counter;
}

function socketMetrics(registry: Registry): SocketMetrics {
  const registers = [registry];
  return {
    clients: new Gauge({ name: 'live_board_clients', help: 'Screens that are connected.', registers }),
    sent: new Counter({ name: 'live_board_updates_sent_total', help: 'Updates sent to screens.', registers }),
    skipped: new Counter({ name: 'live_board_updates_skipped_total', help: 'Updates that a slow screen was spared.', registers }),
  };
}

function boardRow(market: LiveMarket, symbol: string): BoardRow | undefined {
  const row = market.latestOf(symbol);
  if (row === undefined) return undefined;
  const { receivedTimeMs: _, ...shown } = row;
  const dayOpen = market.forming(symbol, '1d')?.open;
  return dayOpen === undefined ? shown : { ...shown, dayOpen };
}

function errorMessage(code: string, message: string): ErrorMessage {
  return { error: { code, message } };
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
