/** Started as a process of its own: starts a server in the folder named by its argument, prints its pid, and waits to be killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { aServer } from './fake-server.ts';

const [directory = ''] = process.argv.slice(2);
const server = await aServer(directory);
await server.start();
process.stdout.write(`${server.pid}\n`);
await sleep(60_000);
