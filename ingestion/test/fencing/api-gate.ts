/** One ingester's way to the API server, which can be cut: a relay of bytes, so that the API server itself and its TLS stay real. */
import { connect, createServer, type Server, type Socket } from 'node:net';

/** `refused`: connections are reset and none comes about. `silent`: all stay open, and nothing goes through any more. */
export type Cut = 'refused' | 'silent';

export class ApiGate {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer(socket => this.#relay(socket));
  }

  /** @param server the API server, `https://127.0.0.1:…` */
  static async open(server: string): Promise<ApiGate> {
    const gate = new ApiGate(new URL(server));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    gate.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    await promise;
    return gate;
  }

  /** What to ask instead of the API server. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('the gate is closed');
    return `https://127.0.0.1:${address.port}`;
  }

  cut(how: Cut): void {
    this.#cut = how;
    for (const socket of this.#sockets) {
      if (how === 'silent') socket.pause();
      else socket.resetAndDestroy();
    }
  }

  /** Lets through again. What hung in silence is reset, as a network does that forgot its connections. */
  mend(): void {
    if (this.#cut === undefined) return;
    this.#cut = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #relay(near: Socket): void {
    if (this.#cut === 'refused') return void near.resetAndDestroy();
    const far = connect(Number(this.#target.port), this.#target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', bytes => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#cut === 'silent') from.pause();
    }
  }
}
