import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePorts, isFree } from '../src/free-ports.ts';

describe('freePorts', () => {
  it('gives different ports below those of outgoing connections', async () => {
    const ports = await freePorts(6);
    expect(new Set(ports).size).toBe(6);
    expect(ports.every(port => port >= 15_000 && port < 32_000)).toBe(true);
  });
});

describe('isFree', () => {
  it('tells a port with a listener from one without', async () => {
    const [port = 0] = await freePorts(1);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await isFree(port, '127.0.0.1')).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isFree(port, '127.0.0.1')).toBe(true);
  });
});
