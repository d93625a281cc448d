import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { markerOf, pidFileOf, residentBytes, runningPid } from '../src/process-identity.ts';
import { stopServer } from '../src/server-node.ts';
import { aServer } from './support/fake-server.ts';

const startAndWait = fileURLToPath(new URL('support/start-and-wait.ts', import.meta.url));

describe('ServerNode', () => {
  it('is recognised while it runs and no longer', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder);
    await server.start();
    expect(await runningPid(folder)).toBe(server.pid);
    expect(await residentBytes(server.pid ?? 0)).toBeGreaterThan(1024 * 1024);
    await server.stop();
    expect(await runningPid(folder)).toBeUndefined();
    expect(server.pid).toBeUndefined();
  });

  it('comes back on the same port after kill -9', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder);
    await server.start();
    const first = server.pid;
    await server.kill('SIGKILL');
    expect(server.pid).toBeUndefined();
    await server.start();
    expect(server.pid).not.toBe(first);
    expect(await runningPid(folder)).toBe(server.pid);
    await server.stop();
  });

  it('refuses a second start', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder);
    await server.start();
    await expect(server.start()).rejects.toThrow(`fake node 1 runs already as pid ${server.pid} in ${folder}; stop it first`);
    await server.stop();
  });

  it('kills a server that does not end when asked', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder, { stopDeadlineMs: 300 });
    await server.start();
    await server.kill('SIGSTOP');
    await server.stop();
    expect(await runningPid(folder)).toBeUndefined();
  });

  it('reports the end of the log when the server dies while it starts', async () => {
    const folder = temporaryFolder('services');
    const script = 'console.log("cannot open the store"); process.exit(3)';
    const server = await aServer(folder, { args: ['-e', script, '--', markerOf(folder)], answers: async () => false });
    const error = await server.start().catch(reason => reason);
    expect(error).toMatchObject({ code: 'services.unavailable', retriable: false });
    expect(error.message).toContain('fake node 1 ended while it started');
    expect(error.message).toContain('cannot open the store');
  });

  it('ends a server that misses its deadline', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder, { answers: async () => false, startDeadlineMs: 300 });
    await expect(server.start()).rejects.toThrow('fake node 1 did not answer within 0.3 s');
    expect(await runningPid(folder)).toBeUndefined();
  });

  it('ends a server whose start is given up', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder, { answers: async () => false });
    await expect(server.start(AbortSignal.timeout(300))).rejects.toThrow();
    expect(await runningPid(folder)).toBeUndefined();
  });

  it('gives the server none of our environment', async () => {
    const folder = temporaryFolder('services');
    process.env.TEST_SECRET = 'do not pass on';
    const script = 'console.log(Object.keys(process.env).sort().join()); process.exit(1)';
    const server = await aServer(folder, { args: ['-e', script, '--', markerOf(folder)], answers: async () => false });
    await server.start().catch(() => undefined);
    delete process.env.TEST_SECRET;
    expect(await readFile(join(folder, 'console.log'), 'utf8')).toBe('HOME,LANG,PATH\n');
  });

  it('ends with the process that started it, even when that is killed', async () => {
    const folder = temporaryFolder('services');
    const starter = spawn(process.execPath, [startAndWait, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = await once(starter.stdout, 'data');
    expect(await runningPid(folder)).toBe(Number(pid));
    starter.kill('SIGKILL');
    await eventually('the server ends too', async () => (await runningPid(folder)) === undefined);
  });

  it('outlives the process that started it when it is to be kept', async () => {
    const folder = temporaryFolder('services');
    const server = await aServer(folder, { keep: true });
    await server.start();
    const other = await aServer(folder, { answers: async () => true });
    expect(await other.adopt()).toBe(true);
    expect(other.pid).toBe(server.pid);
    expect(await stopServer(folder, 5_000)).toBe(true);
  });
});

describe('stopServer', () => {
  it('leaves a stranger alone whose number is in a stale pid file', async () => {
    const folder = temporaryFolder('services');
    const stranger = spawn('sleep', ['30'], { stdio: 'ignore' });
    await once(stranger, 'spawn');
    await writeFile(pidFileOf(folder), `${stranger.pid}\n`);
    expect(await runningPid(folder)).toBeUndefined();
    expect(await stopServer(folder, 1_000)).toBe(false);
    expect(stranger.exitCode).toBeNull();
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  it('does nothing for a folder without a pid file, or with nonsense in it', async () => {
    const folder = temporaryFolder('services');
    expect(await stopServer(folder, 1_000)).toBe(false);
    await writeFile(pidFileOf(folder), '-1\n');
    expect(await stopServer(folder, 1_000)).toBe(false);
  });
});
