/**
 * Where the other members of a group see that this process lives: a socket that says who listens and is then held open. It carries
 * nothing else. When the process dies, the kernel closes its sockets at once, and the port refuses.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';

/** Where peers reach this process. */
export interface PeerAddress {
  /** An address of this host that the others can connect to. */
  readonly host: string;
  /** @default 0, any free one */
  readonly port?: number;
}

/** One listener: another process on the same address is another instance. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly instance: string;
}

/** More than any group has members; others are turned away. */
const mostConnections = 1_024;

export class PeerListener {
  readonly peer: Peer;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(peer: Peer, server: Server, sockets: ReadonlySet<Socket>) {
    this.peer = peer;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** @throws Error of the system when the address cannot be listened on. */
  static async open({ host, port = 0 }: PeerAddress): Promise<PeerListener> {
    const instance = randomUUID();
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
      // Whatever comes in is thrown away.
      socket.resume();
      socket.write(`${instance}\n`);
    });
    server.maxConnections = mostConnections;
    const listening = Promise.withResolvers<void>();
    server.once('error', listening.reject);
    server.listen({ host, port }, listening.resolve);
    await listening.promise;
    server.on('error', () => undefined);
    const address = server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    return new PeerListener({ host, port: bound, instance }, server, sockets);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
