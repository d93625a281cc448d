/** The listening side: HTTP upgrades on one path, keys, at most three connections for a key, and the list of who came. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { WebSocketServer } from 'ws';
import { Connection, type ConnectionHost } from './connection.ts';
import { type ConnectionHistory, remember, type UpgradeAttempt } from './connection-journal.ts';
import type { UpgradeRefusal } from './misbehaviours/fault.ts';
import { keyRefusal } from './misbehaviours/refuse-key.ts';
import type { PriceSource } from './price-source.ts';
import { notFound, pricePath, refuseUpgrade, simulatedHeader, type UpgradeRequest, upgradeRequestOf } from './upgrade.ts';

const connectionsPerKey = 3;
const longestClientMessageBytes = 1024 * 1024;

export interface PriceServerOptions extends ConnectionHost {
  /** Every key is accepted when absent. */
  readonly apiKey: string | undefined;
}

export class PriceServer {
  readonly connections: ConnectionHistory[] = [];
  readonly attempts: UpgradeAttempt[] = [];
  readonly #source: PriceSource;
  readonly #options: PriceServerOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #open = new Set<Connection>();
  /** Open connections by key, oldest first. */
  readonly #byKey = new Map<string, readonly Connection[]>();
  #count = 0;

  constructor(source: PriceSource, options: PriceServerOptions) {
    this.#source = source;
    this.#options = options;
    this.#sockets = new WebSocketServer({ noServer: true, autoPong: false, maxPayload: longestClientMessageBytes });
    this.#sockets.on('headers', headers => headers.push(`${simulatedHeader.name}: ${simulatedHeader.value}`));
    this.#server = createServer((_, response) => {
      response.writeHead(404, { 'content-type': notFound.contentType, [simulatedHeader.name]: simulatedHeader.value }).end(notFound.body);
    });
    this.#server.on('upgrade', (request, tcp, head) => this.#upgrade(request, tcp, head));
  }

  /** @returns the port it listens on. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', error => reject(cannotListen(port, host, error)));
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  dropConnections(): void {
    for (const connection of this.#open) connection.end();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const connection of this.#open) connection.terminate();
    this.#server.closeAllConnections();
    await closed;
  }

  #upgrade(request: IncomingMessage, tcp: Duplex, head: Buffer): void {
    const asked = upgradeRequestOf(request);
    const refusal = this.#refusal(asked);
    const status = refusal?.status ?? 101;
    remember(this.attempts, { timeMs: this.#options.clock(), status, keyIn: asked.keyIn });
    if (refusal !== undefined) refuseUpgrade(tcp, refusal);
    else this.#sockets.handleUpgrade(request, tcp, head, socket => this.#opened(asked.key ?? '', socket, tcp));
  }

  #refusal({ path, key }: UpgradeRequest): UpgradeRefusal | undefined {
    if (path !== pricePath) return notFound;
    const { apiKey, faults } = this.#options;
    return faults.refuseUpgrade() ?? (apiKey !== undefined && key !== apiKey ? keyRefusal() : undefined);
  }

  #opened(key: string, socket: ConstructorParameters<typeof Connection>[1], tcp: Duplex): void {
    this.#count += 1;
    const connection = new Connection(this.#count, socket, tcp, this.#options);
    remember(this.connections, connection.history);
    this.#open.add(connection);
    const others = this.#byKey.get(key) ?? [];
    this.#byKey.set(key, [...others, connection]);
    socket.on('close', () => this.#open.delete(connection));
    connection.signal.addEventListener('abort', () => this.#gone(key, connection), { once: true });
    if (others.length >= connectionsPerKey) others[0]?.end();
    this.#source.serve(connection);
  }

  #gone(key: string, connection: Connection): void {
    const others = (this.#byKey.get(key) ?? []).filter(other => other !== connection);
    if (others.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, others);
  }
}

function cannotListen(port: number, host: string, error: Error): PipelineError {
  const message = `the simulator cannot listen on ${host} port ${port}: ${reasonOf(error)}; choose another port, or 0 for any free one`;
  return new PipelineError('configuration.invalid', message, { retriable: false, cause: error });
}
