import { describe, expect, it } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { createProbes, serveProbes } from '../src/probes.ts';

describe('probes', () => {
  it('answers liveness, readiness with what is missing, and metrics', async () => {
    const registry = new Registry();
    new Counter({ name: 'things_total', help: 'things', registers: [registry] }).inc(3);
    let missing: string | undefined = 'not subscribed yet';
    const probes = createProbes({ registry, checks: [{ name: 'feed', check: () => missing }] });
    const server = await serveProbes({ probes, host: '127.0.0.1', port: 0 });
    try {
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      const unready = await fetch(`${server.url}/readyz`);
      expect([unready.status, await unready.text()]).toEqual([503, 'feed: not subscribed yet\n']);
      missing = undefined;
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('things_total 3');
      expect((await fetch(`${server.url}/else`)).status).toBe(404);
      const port = Number(new URL(server.url).port);
      await expect(serveProbes({ probes, host: '127.0.0.1', port })).rejects.toThrow(/set HTTP_PORT to a free port/);
    } finally {
      await server.close();
    }
  });

  it('tells a host that is not of this machine from a port that is taken', async () => {
    const probes = createProbes({ registry: new Registry(), checks: [] });
    for (const host of ['999.1.1.1', '192.0.2.7']) {
      await expect(serveProbes({ probes, host, port: 0 })).rejects.toMatchObject({
        code: 'configuration.invalid',
        message: expect.stringMatching(/^cannot listen on .+: set HTTP_HOST to an address of this machine/),
      });
    }
  });

  it('adds a remark to readiness, ready or not', () => {
    let missing: string | undefined = 'not subscribed yet';
    const checks = [{ name: 'feed', check: () => missing }];
    const probes = createProbes({ registry: new Registry(), checks, remark: () => 'role: leader' });
    expect(probes.readyz()).toMatchObject({ status: 503, body: 'feed: not subscribed yet\nrole: leader\n' });
    missing = undefined;
    expect(probes.readyz()).toMatchObject({ status: 200, body: 'ok\nrole: leader\n' });
  });
});
