/** A process that its peers can watch, to be killed and frozen. Says on its output where it listens. */
import { PeerListener } from '../../src/peer-listener.ts';

const listener = await PeerListener.open({ host: '127.0.0.1' });
process.stdout.write(`${JSON.stringify(listener.peer)}\n`);
