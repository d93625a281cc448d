import { once } from 'node:events';
import { connect } from 'node:net';
import { freePorts } from '../../src/free-ports.ts';
import { markerOf } from '../../src/process-identity.ts';
import { ServerNode, type ServerNodeOptions } from '../../src/server-node.ts';

/** A small program in a server's place: it listens on a port and says so on standard output. */
export async function aServer(directory: string, changes: Partial<ServerNodeOptions> = {}): Promise<ServerNode> {
  const [port = 0] = await freePorts(1);
  const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`;
  return new ServerNode({
    id: 1,
    name: 'fake node 1',
    directory,
    executable: process.execPath,
    args: ['-e', script, '--', markerOf(directory)],
    answers: () => isListening(port),
    startDeadlineMs: 20_000,
    stopDeadlineMs: 5_000,
    keep: false,
    ...changes,
  });
}

/** Asks by connecting: a port that is tried by listening is taken for a moment, and the server may need it just then. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
