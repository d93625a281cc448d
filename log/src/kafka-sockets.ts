/**
 * The sockets of one Kafka client, so that none outlives it. kafkajs drops a broker from its pool when one of the broker's connections
 * breaks, and a request that still held that broker connects it again: such a connection is nobody's, and nobody closes it.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { FrameReader } from './kafka-frames.ts';

interface Destination {
  readonly host: string;
  readonly port: number;
  readonly ssl?: ConnectionOptions | boolean | null;
  readonly onConnect: () => void;
}

const keepAliveMs = 60_000;

export class KafkaSockets {
  readonly #open = new Set<Socket>();

  /** Opens a socket as kafkajs' own factory does. */
  readonly open = ({ host, port, ssl, onConnect }: Destination): Socket => {
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...(ssl === true ? {} : ssl) }, onConnect)
      : connectFramed(host, port, onConnect);
    socket.setKeepAlive(true, keepAliveMs);
    // Requests that wait for a connection each listen for it.
    socket.setMaxListeners(0);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  };

  /** Cuts what is still open, with an error: kafkajs' timers of a connection end with that, and not with a mere close. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy(new Error('the client was closed'));
  }
}

/** A socket whose `data` are whole frames. A TLS socket gives its data as they come. */
function connectFramed(host: string, port: number, onConnect: () => void): Socket {
  const frames = new FrameReader(frame => socket.emit('data', frame));
  const callback = (bytes: number) => {
    try {
      frames.took(bytes);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined);
    }
    return true;
  };
  const socket = connectPlain({ host, port, onread: { buffer: frames.room, callback } }, onConnect);
  return socket;
}
