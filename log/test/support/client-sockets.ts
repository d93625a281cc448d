/** The sockets that this process opens, so that a test can cut them as a network does. */
import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

export interface ClientSockets {
  /** Cuts every open connection to `port`; gives how many there were. */
  cut(port: number): number;
  forget(): void;
}

export function watchClientSockets(): ClientSockets {
  const sockets = new Set<Socket>();
  const opened = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  channel('net.client.socket').subscribe(opened);
  return {
    cut: port => {
      const open = [...sockets].filter(socket => socket.remotePort === port);
      for (const socket of open) socket.destroy(new Error('cut by the test'));
      return open.length;
    },
    forget: () => channel('net.client.socket').unsubscribe(opened),
  };
}
