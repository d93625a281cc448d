import { freePorts, isFree } from '../../src/free-ports.ts';
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
    answers: async () => !(await isFree(port, '127.0.0.1')),
    startDeadlineMs: 20_000,
    stopDeadlineMs: 5_000,
    keep: false,
    ...changes,
  });
}
