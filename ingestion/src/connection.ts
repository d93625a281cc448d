/** One WebSocket to a vendor, from the request to its end; tells a refused key from everything that may pass. */
import type { IncomingMessage } from 'node:http';
import type { createConnection, NetConnectOpts, Socket } from 'node:net';
import { reasonOf } from '@tapeline/core/errors';
import { WebSocket } from 'ws';
import { EverydayFrames } from './hot/everyday-frames.ts';
import { connectReusing, readInPlace } from './hot/reused-buffer.ts';
import { endedWithoutCode } from './session-mapper.ts';

/**
 * How a connection ended, or why there was none:
 * - `closed`: it was open; `reason` says who ended it and how
 * - `failed`: no connection, or an answer to the upgrade that may pass (a 502 of a proxy)
 * - `key-refused`: the vendor does not take the key
 * - `limited`: the plan's requests are used up for now (429)
 */
export interface Ending {
  readonly kind: 'closed' | 'failed' | 'key-refused' | 'limited';
  readonly reason: string;
}

export interface ConnectionOptions {
  readonly url: string;
  /** Of the request to open it: for a key. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly handshakeTimeoutMs: number;
}

export interface ConnectionListener {
  /** @param simulated whether the server says that its market is one. */
  opened(simulated: boolean): void;
  message(text: string): void;
  /** Looks at text messages before they are text. */
  readonly everyday?: EverydayListener | undefined;
  /** @param number of the ping that it answers; no number of ours for a pong that nobody asked for. */
  pong(number: number): void;
}

/** Takes messages in their bytes. */
export interface EverydayListener {
  /** Bytes have come, maybe several messages; called before them. */
  bytesCame(): void;
  /** One text message, `bytes[start, end)`; false leaves it to {@link ConnectionListener.message}. */
  take(bytes: Uint8Array, start: number, end: number): boolean;
}

export interface Connection {
  /** Resolves once; nothing is told to the listener afterwards. */
  readonly ended: Promise<Ending>;
  send(message: unknown): void;
  /** Its number, from 1: the pong says it, behind all that the server had sent before it. */
  ping(): number;
  /** Reads no more until {@link resume}, so that TCP holds the server back; what is read already is still told. */
  pause(): void;
  resume(): void;
  /** Ends it now, for this reason; the server is told, unless it is taken for dead. */
  end(ending: Ending, dead?: boolean): void;
}

const maxPayloadBytes = 1024 * 1024;
const maxRefusalBytes = 64 * 1024;
const refusalTimeoutMs = 2_000;
const closeTimeoutMs = 250;

/** Opens a connection. What goes wrong, from the first packet on, is told by {@link Connection.ended}. */
export function connect(options: ConnectionOptions, listener: ConnectionListener): Connection {
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  const socket = new WebSocket(options.url, {
    headers: options.headers,
    handshakeTimeout: options.handshakeTimeoutMs,
    maxPayload: maxPayloadBytes,
    ...(options.url.startsWith('ws:') ? { createConnection: connectTo as typeof createConnection } : {}),
  });
  let isOver = false;
  let isOpen = false;
  let simulated = false;
  let pings = 0;
  let fault: string | undefined;
  const finish = (ending: Ending) => {
    isOver = true;
    resolve(ending);
  };
  let stream: Socket | undefined;
  socket.on('upgrade', response => {
    simulated = isSimulated(response);
    stream = response.socket;
  });
  socket.on('open', () => {
    isOpen = true;
    // Compressed messages are the library's.
    if (stream !== undefined && listener.everyday !== undefined && socket.extensions === '')
      readEveryday(stream, listener.everyday, () => isOver);
    if (!isOver) listener.opened(simulated);
  });
  socket.on('message', data => {
    if (!isOver) listener.message(String(data));
  });
  socket.on('pong', data => {
    if (!isOver) listener.pong(Number(String(data)));
  });
  socket.on('unexpected-response', async (_request, response) => {
    finish(await refusalOf(response));
    socket.terminate();
  });
  socket.on('error', error => {
    fault = reasonOf(error);
  });
  socket.on('close', (code, reason) => finish(endingOf(isOpen, fault, closeText(code, String(reason)))));
  return {
    ended,
    send: message => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    ping: () => {
      pings += 1;
      if (socket.readyState === WebSocket.OPEN) socket.ping(String(pings));
      return pings;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: (ending, dead = false) => {
      if (isOver) return;
      finish(ending);
      if (dead || socket.readyState !== WebSocket.OPEN) return socket.terminate();
      socket.close(1000);
      setTimeout(() => socket.terminate(), closeTimeoutMs);
    },
  };
}

/** As the library itself connects: an address's path is no socket's. */
function connectTo(options: NetConnectOpts): Socket {
  return connectReusing({ ...options, path: undefined } as NetConnectOpts);
}

/** Everyday messages are taken out of the stream before the library reads it. */
function readEveryday(stream: Socket, everyday: EverydayListener, isOver: () => boolean): void {
  const library = stream.listeners('data');
  const frames = new EverydayFrames({
    take: (bytes, start, end) => !isOver() && everyday.take(bytes, start, end),
    pass: bytes => {
      // The library keeps parts of frames.
      const kept = Buffer.from(bytes);
      for (const listener of library) listener.call(stream, kept);
    },
  });
  stream.removeAllListeners('data');
  readInPlace(stream);
  stream.on('data', bytes => {
    everyday.bytesCame();
    frames.push(bytes);
  });
}

function isSimulated(response: IncomingMessage): boolean {
  const value = response.headers['x-simulated'];
  return value !== undefined && value !== 'false' && value !== '0';
}

function endingOf(isOpen: boolean, fault: string | undefined, closing: string): Ending {
  if (!isOpen) return { kind: 'failed', reason: `no connection: ${fault ?? closing}` };
  return { kind: 'closed', reason: fault === undefined ? closing : `connection failed: ${fault}` };
}

function closeText(code: number, reason: string): string {
  if (code === 1006) return endedWithoutCode;
  if (code === 1005) return 'connection closed by the server without a reason';
  return `connection closed by the server with code ${code}${reason === '' ? '' : ` (${reason.slice(0, 200)})`}`;
}

/** The vendor refuses a key with HTTP 200 and a code in the body, so the body's code counts before the status. */
async function refusalOf(response: IncomingMessage): Promise<Ending> {
  const status = response.statusCode ?? 0;
  const body = fieldsOf(await textOf(response));
  const code = typeof body.code === 'number' ? body.code : Number(body.code ?? status);
  const text = typeof body.message === 'string' ? body.message.slice(0, 300) : 'no message';
  const reason = `upgrade answered with HTTP ${status}, code ${code}: ${text}`;
  if (code === 401 || code === 403) return { kind: 'key-refused', reason };
  return { kind: code === 429 ? 'limited' : 'failed', reason };
}

/** As much of the body as comes in time. */
async function textOf(response: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => response.destroy(), refusalTimeoutMs);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes >= maxRefusalBytes) break;
    }
  } catch {
    // What came before the body broke off may still say the code.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
