/**
 * The board's WebSocket: takes screens in, reads what they want and ends those that break the rules. What they are told is up to
 * socket/fan-out.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { WebSocket } from 'ws';
import type { ErrorMessage, HelloMessage } from './board-messages.ts';
import type { BoardTrace } from './board-trace.ts';
import { maxSymbols, readClientMessage } from './client-message.ts';
import type { LiveMarket } from './live-market.ts';
import { ClientLine } from './socket/client-line.ts';
import { FanOut, type Seat } from './socket/fan-out.ts';
import { mostWaiting } from './socket/watch-sets.ts';

export interface BoardSocketOptions {
  readonly market: LiveMarket;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly trace?: BoardTrace | undefined;
  /** @default 100: ten updates a second */
  readonly updateIntervalMs?: number;
  /** Further clients are refused with 503. @default 2,000 */
  readonly maxClients?: number;
  /** A client with more bytes than this unsent is dropped. @default 256 KiB */
  readonly maxBufferedBytes?: number;
  /** A client that has been behind for longer is dropped. @default 10,000 */
  readonly maxBehindMs?: number;
  /** A client that does not answer a ping until the next one is cut off. @default 15,000 */
  readonly pingIntervalMs?: number;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** Messages and pings of a client in ten seconds; more end its connection (1008). */
const maxMessagesInTenSeconds = 50;
/** Bytes of a client's messages in ten seconds; more end its connection (1008). */
const maxBytesInTenSeconds = 524_288;

const defaults = {
  updateIntervalMs: 100,
  maxClients: 2_000,
  maxBufferedBytes: 262_144,
  maxBehindMs: 10_000,
  pingIntervalMs: 15_000,
  now: Date.now,
} as const;

interface Connection {
  readonly socket: WebSocket;
  readonly seat: Seat;
  isAnswering: boolean;
  messages: number;
  bytes: number;
}

export class BoardSocket {
  readonly #options: Required<Omit<BoardSocketOptions, 'trace'>> & Pick<BoardSocketOptions, 'trace'>;
  readonly #fanOut: FanOut;
  readonly #connections = new Set<Connection>();
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(options: BoardSocketOptions) {
    this.#options = { ...defaults, ...options };
    this.#fanOut = new FanOut(this.#options);
    this.#timers = [setInterval(() => this.#ping(), this.#options.pingIntervalMs), setInterval(() => this.#forgive(), 10_000)];
    for (const timer of this.#timers) timer.unref();
  }

  /** Adds `/ws` to a server that has the websocket plug-in. */
  mount(server: FastifyInstance): void {
    const admit = (request: FastifyRequest, reply: FastifyReply) => this.#admit(request, reply);
    server.get('/ws', { websocket: true, preValidation: admit }, (socket, request) => this.#connected(socket, request));
  }

  /** Says good-bye to every screen, and cuts off those that do not answer within half a second. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#fanOut.close();
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

  #connected(socket: WebSocket, request: FastifyRequest): void {
    const seat = this.#fanOut.join(new ClientLine(socket, request.raw.socket));
    const connection: Connection = { socket, seat, isAnswering: true, messages: 0, bytes: 0 };
    this.#connections.add(connection);
    socket.on('pong', () => {
      connection.isAnswering = true;
    });
    socket.on('ping', () => this.#isAllowed(connection, 0));
    socket.on('message', (data, isBinary) => this.#received(connection, data as Buffer, isBinary));
    // Without a listener an oversized message would end the process; `close` follows in any case.
    socket.on('error', error => this.#options.logger.debug({ reason: error.message }, 'a screen broke its connection'));
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#fanOut.leave(seat);
    });
    const { market, updateIntervalMs } = this.#options;
    const hello: HelloMessage = { hello: { intervals: market.intervals, maxUpdatesPerSecond: 1_000 / updateIntervalMs, maxSymbols } };
    socket.send(JSON.stringify(hello));
  }

  #received(connection: Connection, data: Buffer, isBinary: boolean): void {
    if (connection.socket.readyState !== connection.socket.OPEN || !this.#isAllowed(connection, data.length)) return;
    const read = isBinary ? { refusal: 'a message must be text, not binary' } : readClientMessage(data.toString());
    if ('refusal' in read) connection.socket.send(JSON.stringify(errorMessage('message.invalid', read.refusal)));
    else if ('watch' in read.message) this.#watch(connection, read.message.watch.symbols);
    else this.#fanOut.follow(connection.seat, 'subscribe' in read.message ? read.message.subscribe : undefined);
  }

  #watch({ seat, socket }: Connection, symbols: readonly string[]): void {
    const unwaited = this.#fanOut.watch(seat, symbols);
    if (unwaited === 0) return;
    const message = `the board waits for the first prices of ${mostWaiting} symbols already: ${unwaited} of these without a price are left out, watch them again later`;
    this.#options.logger.debug({ unwaited }, 'a screen watches symbols that no price is waited for');
    socket.send(JSON.stringify(errorMessage('watch.full', message)));
  }

  #isAllowed(connection: Connection, bytes: number): boolean {
    connection.messages += 1;
    connection.bytes += bytes;
    const { socket } = connection;
    if (connection.messages > maxMessagesInTenSeconds) socket.close(1008, `more than ${maxMessagesInTenSeconds} messages in 10 s`);
    else if (connection.bytes > maxBytesInTenSeconds) socket.close(1008, `more than ${maxBytesInTenSeconds / 1_024} KiB in 10 s`);
    else return true;
    return false;
  }

  #ping(): void {
    for (const connection of this.#connections) {
      if (!connection.isAnswering) this.#fanOut.drop(connection.seat, 'ping');
      else connection.socket.ping();
      connection.isAnswering = false;
    }
  }

  #forgive(): void {
    for (const connection of this.#connections) {
      connection.messages = 0;
      connection.bytes = 0;
    }
  }
}

function errorMessage(code: string, message: string): ErrorMessage {
  return { error: { code, message } };
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
