/** The request to open a WebSocket: its path, its key, and the answers that are no WebSocket. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { UpgradeAttempt } from './connection-journal.ts';
import type { UpgradeRefusal } from './misbehaviours/fault.ts';

export const pricePath = '/v1/quotes/price';

/** Says to an ingester that what it receives is simulated. */
export const simulatedHeader = { name: 'x-simulated', value: 'true' } as const;

/** What a request asks for, and with which key. */
export interface UpgradeRequest {
  readonly path: string;
  readonly key: string | undefined;
  readonly keyIn: UpgradeAttempt['keyIn'];
}

/** Reads path and key: the header goes before the query, as at the vendor. */
export function upgradeRequestOf(request: IncomingMessage): UpgradeRequest {
  const url = URL.parse(request.url ?? '/', 'ws://simulator');
  const path = url?.pathname ?? '/';
  const header = request.headers['x-td-apikey'];
  if (typeof header === 'string' && header !== '') return { path, key: header, keyIn: 'header' };
  const query = url?.searchParams.get('apikey') ?? '';
  return query === '' ? { path, key: undefined, keyIn: 'nowhere' } : { path, key: query, keyIn: 'query' };
}

export const notFound: UpgradeRefusal = {
  status: 404,
  contentType: 'application/json',
  body: JSON.stringify({ code: 404, message: `only ${pricePath} is served here`, status: 'error' }),
};

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  502: 'Bad Gateway',
};

/** Answers with plain HTTP and ends the connection. */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  const head = [
    `HTTP/1.1 ${refusal.status} ${reasons[refusal.status] ?? 'Error'}`,
    `Content-Type: ${refusal.contentType}`,
    `Content-Length: ${Buffer.byteLength(refusal.body)}`,
    `${simulatedHeader.name}: ${simulatedHeader.value}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${refusal.body}`);
}
