/** A client's WebSocket with next to no cost of its own, so that thousands fit beside what is measured: it reads whole frames in place. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface RawWebSocketEvents {
  readonly open: () => void;
  /** A message of bytes; they are gone when it returns. */
  readonly binary: (view: DataView) => void;
  readonly text: (text: string) => void;
  readonly closed: () => void;
}

const text = 1;
const binary = 2;
const close = 8;
const ping = 9;
const pong = 10;

/** Sockets of one process are read one after another, into the same bytes. */
const readBytes = Buffer.allocUnsafeSlow(262_144);

export class RawWebSocket {
  readonly #events: RawWebSocketEvents;
  readonly #socket: Socket;
  #isOpen = false;
  /** The beginning of a frame that is not whole. */
  #rest: Buffer | undefined;

  /** @param url of the server, `http://host:port` */
  constructor(url: string, events: RawWebSocketEvents) {
    this.#events = events;
    const { hostname, port, host } = new URL(url);
    const callback = (length: number): boolean => {
      this.#read(readBytes.subarray(0, length));
      return true;
    };
    this.#socket = connect({ host: hostname, port: Number(port), onread: { buffer: readBytes, callback } });
    this.#socket.on('error', () => undefined).on('close', () => events.closed());
    const key = randomBytes(16).toString('base64');
    const head = ['GET /ws HTTP/1.1', `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    this.#socket.write(`${[...head, `Sec-WebSocket-Key: ${key}`].join('\r\n')}\r\n\r\n`);
  }

  send(message: string): void {
    this.#frame(text, Buffer.from(message));
  }

  /** Reads no more, so that the server's bytes stay where they are. */
  stall(): void {
    this.#socket.pause();
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    const all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = undefined;
    let at = this.#isOpen ? 0 : this.#upgraded(all);
    while (at < all.length) {
      const end = this.#frameAt(all, at);
      if (end === undefined) break;
      at = end;
    }
    if (at < all.length) this.#rest = Buffer.from(all.subarray(at));
  }

  /** @returns where the frames begin */
  #upgraded(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    if (!bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
      this.#socket.destroy();
      return bytes.length;
    }
    this.#isOpen = true;
    this.#events.open();
    return end + 4;
  }

  /** @returns where it ends; `undefined` when it is not whole */
  #frameAt(bytes: Buffer, at: number): number | undefined {
    if (!this.#isOpen || bytes.length < at + 2) return undefined;
    const short = (bytes[at + 1] as number) & 127;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < at + head) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const end = at + head + length;
    if (bytes.length < end) return undefined;
    this.#take((bytes[at] as number) & 15, bytes.subarray(at + head, end));
    return end;
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === binary) this.#events.binary(new DataView(payload.buffer, payload.byteOffset, payload.length));
    else if (opcode === text) this.#events.text(payload.toString());
    else if (opcode === ping) this.#frame(pong, payload);
    else if (opcode === close) this.#socket.destroy();
  }

  /** A client has to mask what it says; zeros are a mask. */
  #frame(opcode: number, payload: Buffer): void {
    const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | Math.min(payload.length, 126);
    if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }
}
