/** A relay of bytes between a client and a server, with the weather of a network. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `slow`: each byte comes later by `delayMs`, and at most so many a second. `refused`: connections are reset and none comes about.
 * `silent`: all stay open, and nothing goes through any more; they are reset when it is over, as by a network that forgot them.
 */
export type Weather =
  | { readonly is: 'fine' | 'refused' | 'silent' }
  | { readonly is: 'slow'; readonly delayMs: number; readonly bytesPerSecond: number };

/** What waits in one direction, in bytes, before the sender is not read any more. */
const mostWaitingBytes = 1_048_576;

export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: string | undefined;
  #weather: Weather = { is: 'fine' };

  private constructor() {
    this.#server = createServer(socket => this.#join(socket));
  }

  static async open(): Promise<Relay> {
    const relay = new Relay();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    relay.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    await promise;
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `host:port` of the server. */
  set target(target: string) {
    this.#target = target;
  }

  setWeather(weather: Weather): void {
    const wasSilent = this.#weather.is === 'silent';
    this.#weather = weather;
    for (const socket of this.#sockets) {
      if (weather.is === 'silent') socket.pause();
      else if (weather.is === 'refused' || wasSilent) socket.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    const [host, port] = this.#target?.split(':') ?? [];
    if (host === undefined || this.#weather.is === 'refused') return void near.resetAndDestroy();
    const far = connect(Number(port), host);
    this.#pass(near, far);
    this.#pass(far, near);
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    let waitingBytes = 0;
    let dueMs = 0;
    from.on('data', bytes => {
      const nowMs = performance.now();
      const { delayMs, bytesPerSecond } =
        this.#weather.is === 'slow' ? this.#weather : { delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
      // Bytes keep their order, also when the weather has changed meanwhile.
      dueMs = Math.max(nowMs + delayMs, dueMs) + (bytes.length / bytesPerSecond) * 1_000;
      waitingBytes += bytes.length;
      if (waitingBytes > mostWaitingBytes) from.pause();
      const send = (): void => {
        waitingBytes -= bytes.length;
        to.write(bytes);
        if (from.isPaused() && waitingBytes <= mostWaitingBytes && this.#weather.is !== 'silent') from.resume();
      };
      if (dueMs <= nowMs && waitingBytes === bytes.length) send();
      else setTimeout(send, dueMs - nowMs);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#weather.is === 'silent') from.pause();
  }
}
