/**
 * The way to one client. Updates are framed already and go straight to the socket: one system call, and none of the objects that a
 * stream makes for a write. What the kernel does not take goes through the stream, which tells when it has gone; everything else (what is
 * read, control frames, rare messages) is up to the WebSocket.
 */
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

export class ClientLine {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  /** `undefined` where bytes have to go another way, as through TLS. */
  readonly #descriptor: number | undefined;

  /** @param socket the one under the WebSocket */
  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    const { _handle: handle, encrypted } = socket as { _handle?: { readonly fd?: number } | null; encrypted?: true };
    const descriptor = encrypted === true ? undefined : handle?.fd;
    this.#descriptor = descriptor !== undefined && descriptor >= 0 ? descriptor : undefined;
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === 1;
  }

  /** Bytes that the kernel did not take yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends whole frames, from `start` up to `end`; the bytes can be written to again at once. An error ends the connection. */
  write(bytes: Buffer, start: number, end: number): void {
    const written = this.#writeNow(bytes, start, end);
    if (written < end && !this.#socket.destroyed) this.#socket.write(Buffer.from(bytes.subarray(written, end)));
  }

  /** Sends a message of text. */
  say(text: string): void {
    this.#webSocket.send(text);
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#webSocket.terminate();
  }

  /** @returns how far it came */
  #writeNow(bytes: Buffer, start: number, end: number): number {
    // Once the socket is destroyed, its descriptor may be that of another; bytes that wait come first.
    if (this.#descriptor === undefined || this.#socket.destroyed || this.#socket.writableLength > 0) return start;
    try {
      return start + writeSync(this.#descriptor, bytes, start, end - start);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.#socket.destroy(error as Error);
      return start;
    }
  }
}
