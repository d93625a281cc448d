/** The live board: the page, its WebSocket and the HTTP interface, on one port. */
import type { AddressInfo } from 'node:net';
import websocket from '@fastify/websocket';
import { PipelineError } from '@tapeline/core/errors';
import { cannotListen } from '@tapeline/core/probes';
import type { MarketStore } from '@tapeline/database/market-store';
import { type FastifyInstance, fastify } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { AnswerBoundsOptions } from './api/answer-bounds.ts';
import { addApi, type BoardProbes } from './api.ts';
import { addLogin } from './board-login.ts';
import { BoardSocket, type BoardSocketOptions } from './board-socket.ts';
import type { BoardTrace } from './board-trace.ts';
import { maxMessageBytes } from './client-message.ts';
import { addHttpMetrics } from './http-metrics.ts';
import type { LiveMarket } from './live-market.ts';
import { addPage } from './page-files.ts';

export interface LiveBoardOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly market: LiveMarket;
  readonly store: MarketStore;
  readonly probes: BoardProbes;
  /** What everybody has to show; nobody when absent. */
  readonly token?: string | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Sampled ticks are followed to the screens. @default none */
  readonly trace?: BoardTrace | undefined;
  /** Bounds of the WebSocket. */
  readonly socket?: Pick<BoardSocketOptions, 'updateIntervalMs' | 'maxClients' | 'maxBufferedBytes' | 'maxBehindMs' | 'pingIntervalMs'>;
  /** Bounds of the HTTP interface. */
  readonly answerBounds?: AnswerBoundsOptions;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

export interface LiveBoard {
  /** Where people find it. */
  readonly url: string;
  /** Ends connections at once; resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Starts to serve.
 * @throws PipelineError `configuration.invalid` when the address cannot be listened on, with the remedy.
 */
export async function startLiveBoard(options: LiveBoardOptions): Promise<LiveBoard> {
  const { host, port, market, store, probes, logger, registry, now = Date.now } = options;
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_024, frameworkErrors: badRequest });
  const socket = new BoardSocket({ market, logger, registry, now, trace: options.trace, ...options.socket });
  const preClose = () => socket.close();
  await server.register(websocket, { options: { maxPayload: maxMessageBytes, perMessageDeflate: false }, preClose });
  // After the plug-in, which only then ends the connection of a socket that is refused.
  if (options.token !== undefined) addLogin(server, options.token);
  addHttpMetrics(server, registry);
  addPage(server);
  addApi(server, { market, store, probes, logger, now, bounds: options.answerBounds });
  socket.mount(server);
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw error instanceof PipelineError ? error : cannotListen(host, port, error as Error);
  }
  const url = `http://${urlHost(host)}:${(server.server.address() as AddressInfo).port}`;
  logger.info({ url }, `the live board is at ${url}`);
  return { url, close: () => server.close() };
}

/** An address that a browser can open: nobody can visit "all addresses". */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function badRequest(error: Error, _request: unknown, reply: Parameters<NonNullable<FastifyInstance['errorHandler']>>[2]): void {
  reply.code(400).send({ error: { code: 'request.invalid', message: error.message } });
}
