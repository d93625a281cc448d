import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { connected, refused } from './support/price-client.ts';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const processes: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
});

describe('the program', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('prints its address, sends prices, and stops cleanly on %s', async signal => {
    const child = run('--port', '0', '--symbols', 'BTC/USD', '--ticks-per-second', '200');
    const url = await firstLine(child);
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/quotes\/price$/);
    const client = await connected(url);
    client.subscribe('BTC/USD');
    await client.until(({ prices }) => prices.length > 5);
    child.kill(signal);
    expect(await client.closed()).toBe(1006);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('misbehaves as told, and never prints its key', async () => {
    const child = run(
      '--port',
      '0',
      '--api-key',
      'very-secret',
      '--misbehave',
      'bad-gateway:connections=1',
      '--misbehave',
      'mute:afterMessages=2',
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', data => {
        output += String(data);
      });
    }
    const url = await firstLine(child);
    expect((await refused(url)).status).toBe(502);
    expect((await refused(url)).status).toBe(200);
    const client = await connected(url, { headers: { 'X-TD-APIKEY': 'very-secret' } });
    client.subscribe('BTC/USD,ETH/USD');
    await client.until(({ prices }) => prices.length === 2);
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(output).not.toContain('very-secret');
  });

  it('answers the REST API with the bars of its market, for whoever has its key', async () => {
    const child = run('--port', '0', '--rest-port', '0', '--symbols', 'BTC/USD', '--api-key', 'very-secret');
    let output = '';
    child.stdout.on('data', data => {
      output += String(data);
    });
    await eventually('it told both addresses', () => output.split('\n').length === 3);
    const url = output.split('\n')[1] ?? '';
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const path = '/time_series?symbol=BTC/USD&interval=1min&outputsize=2';
    const answer = (key: string) => fetch(`${url}${path}`, { headers: { authorization: `apikey ${key}` } }).then(each => each.json());
    expect(await answer('another')).toMatchObject({ code: 401 });
    expect(await answer('very-secret')).toMatchObject({ status: 'ok', meta: { symbol: 'BTC/USD' }, values: [{}, {}] });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('explains every option and every misbehaviour with --help', async () => {
    const { status, stdout } = await ended(run('--help'));
    expect(status).toBe(0);
    for (const text of [
      '--port',
      '--host',
      '--seed',
      '--rest-port',
      '--symbols',
      '--ticks-per-second',
      '--api-key',
      '--misbehave',
      '--recording',
      '--speed',
      '--say-time',
      '--always-open',
      'mute:',
      'refuse-key:',
      'afterMessages:',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  it.each([
    [['--misbehave', 'moot'], /expected one of refuse-key, bad-gateway/],
    [['--symbols', 'FOO', '--port', '0'], /symbols FOO are not in the simulated market/],
    [['--speed', '-1'], /must be a number above 0/],
    [['--port', '70000'], /whole number from 0 to 65535/],
  ])('ends with status 2 and says why: %j', async (options, message) => {
    const { status, stderr } = await ended(run(...options));
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('ends with status 1 for a recording that cannot be read', async () => {
    const { status, stderr } = await ended(run('--recording', main, '--port', '0'));
    expect([status, stderr]).toEqual([1, expect.stringMatching(/line 1 is not JSON/)]);
  });
});

function run(...options: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [main, ...options], { stdio: 'pipe' });
  processes.push(child);
  return child;
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = '';
  while (!text.includes('\n')) text += String((await once(child.stdout, 'data'))[0]);
  return text.slice(0, text.indexOf('\n'));
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', data => {
    stdout += String(data);
  });
  child.stderr.on('data', data => {
    stderr += String(data);
  });
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}
