/**
 * A socket with next to nothing on it, as a process: the yardstick for what the way from one process to another takes on this machine at
 * this moment. `--url` absent: it serves, says `url <address>`, and answers each byte with its clock. With `--url` it asks 50 times a
 * second and, for each line on standard input, says `took <tenths of milliseconds, each>` from the stamp to the arrival of what came since.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { machineMs } from './machine-clock.ts';

const { values } = parseArgs({ options: { url: { type: 'string', default: '' } } });
const askMs = 20;

if (values.url === '') serve();
else ask(new URL(values.url));
process.stdin.on('close', () => process.exit(0)).resume();

function serve(): void {
  const server = createServer(socket => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const answer = Buffer.alloc(8);
      answer.writeDoubleLE(machineMs());
      socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.stdout.write(`url tcp://127.0.0.1:${address.port}\n`);
  });
}

function ask({ hostname, port }: URL): void {
  let tenths: number[] = [];
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on('data', data => {
    for (let at = 0; at + 8 <= data.length; at += 8) tenths.push(Math.max(0, Math.round((machineMs() - data.readDoubleLE(at)) * 10)));
  });
  setInterval(() => socket.write('?'), askMs);
  createInterface(process.stdin).on('line', () => {
    process.stdout.write(`took ${JSON.stringify(tenths)}\n`);
    tenths = [];
  });
}
