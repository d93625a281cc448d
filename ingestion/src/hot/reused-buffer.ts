/**
 * A plain socket whose reads all go into one array. Node makes 64 KiB outside its heap for each read, however little came, and collects all
 * garbage after each thousand of them. (What comes over TLS is decrypted into arrays of its own size anyway.)
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

const bufferBytes = 65_536;

/** Sockets whose `data` is that array itself. */
const inPlace = new WeakSet<Socket>();

/** Connects; `data` are copies until {@link readInPlace} says otherwise. */
export function connectReusing(options: NetConnectOpts): Socket {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  const callback = (bytes: number): boolean => {
    const read = buffer.subarray(0, bytes);
    socket.emit('data', inPlace.has(socket) ? read : Buffer.from(read));
    return true;
  };
  const socket: Socket = connect({ ...options, onread: { buffer, callback } });
  return socket;
}

/** From now on `data` is valid only until its listeners return. Does nothing to another socket. */
export function readInPlace(socket: Socket): void {
  inPlace.add(socket);
}
