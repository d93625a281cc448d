import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { type Peer, PeerListener } from '../src/peer-listener.ts';
import { PeerWatch } from '../src/peer-watch.ts';
import { patienceMs, runScript } from './support/running-process.ts';

const logger = pino({ level: 'silent' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A watch, and whom it has called gone with what it saw. */
function aWatch() {
  const gone: string[] = [];
  const watch = new PeerWatch({ logger, onGone: (memberId, why) => gone.push(`${memberId}: ${why}`) });
  closing.push(() => watch.close());
  return { watch, gone };
}

async function aListener(port = 0): Promise<PeerListener> {
  const listener = await PeerListener.open({ host: '127.0.0.1', port });
  closing.push(() => listener.close());
  return listener;
}

/** A server that treats each connection as it is told to. */
async function aServer(port: number, treat: (socket: Socket) => void): Promise<{ readonly server: Server; readonly port: number }> {
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => undefined));
    treat(socket);
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

const nowhere: Peer = { host: '127.0.0.1', port: 1, instance: 'never-seen' };

describe('PeerWatch', () => {
  it('says within a second that a process that was killed is gone', async () => {
    const process = runScript('peer-process.ts');
    await eventually('the process has begun', () => process.lines.length === 1, patienceMs);
    const peer = JSON.parse(process.lines[0] ?? '') as Peer;
    const { watch, gone } = aWatch();
    watch.watch([{ memberId: 'a', peer }]);
    await sleep(500);
    expect(gone).toEqual([]);
    process.signal('SIGKILL');
    await process.ended;
    const killedMs = performance.now();
    await eventually('it is gone', () => gone.length === 1, patienceMs);
    expect(performance.now() - killedMs).toBeLessThan(1_000);
    expect(gone).toEqual(['a: refused']);
  }, 60_000);

  it('leaves a process that hangs to the session: its sockets are open', async () => {
    const process = runScript('peer-process.ts');
    await eventually('the process has begun', () => process.lines.length === 1, patienceMs);
    const { watch, gone } = aWatch();
    watch.watch([{ memberId: 'a', peer: JSON.parse(process.lines[0] ?? '') as Peer }]);
    await sleep(500);
    process.signal('SIGSTOP');
    await sleep(1_500);
    expect(gone).toEqual([]);
    process.signal('SIGKILL');
    await process.ended;
  }, 60_000);

  it('never calls somebody gone whom it has not seen alive, for a firewall refuses too', async () => {
    const { watch, gone } = aWatch();
    watch.watch([{ memberId: 'a', peer: nowhere }]);
    await sleep(2_500);
    expect(gone).toEqual([]);
  });

  it('goes on when a connection breaks and the same process answers again', async () => {
    let connections = 0;
    const { port } = await aServer(0, socket => {
      connections += 1;
      socket.write('one\n');
      if (connections === 1) setTimeout(() => socket.destroy(), 200);
    });
    const { watch, gone } = aWatch();
    watch.watch([{ memberId: 'a', peer: { host: '127.0.0.1', port, instance: 'one' } }]);
    await eventually('a second connection', () => connections === 2, patienceMs);
    await sleep(700);
    expect([gone, connections]).toEqual([[], 2]);
  });

  it('says that a process is gone when another one answers at its address', async () => {
    const first = await aListener();
    const { watch, gone } = aWatch();
    watch.watch([{ memberId: 'a', peer: first.peer }]);
    await sleep(300);
    first.close();
    await aListener(first.peer.port);
    await eventually('it is gone', () => gone.length === 1, patienceMs);
    expect(['a: other-instance', 'a: refused']).toContain(gone[0]);
  });

  it('says that a process is gone when its address takes connections and stays silent', async () => {
    let first = true;
    const { port } = await aServer(0, socket => {
      if (!first) return;
      first = false;
      socket.write('one\n');
      setTimeout(() => socket.destroy(), 200);
    });
    const { watch, gone } = aWatch();
    const begunMs = performance.now();
    watch.watch([{ memberId: 'a', peer: { host: '127.0.0.1', port, instance: 'one' } }]);
    await eventually('it is gone', () => gone.length === 1, patienceMs);
    expect(gone).toEqual(['a: silent']);
    expect(performance.now() - begunMs).toBeGreaterThan(1_500);
  });

  it('watches no longer whom the group no longer has', async () => {
    const listener = await aListener();
    const { watch, gone } = aWatch();
    watch.watch([{ memberId: 'a', peer: listener.peer }]);
    await sleep(300);
    watch.watch([]);
    listener.close();
    await sleep(500);
    expect(gone).toEqual([]);
  });
});
