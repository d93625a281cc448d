import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { tenOClockMs } from './support/stocked-board.ts';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let running: RunningMarket;
const children: ChildProcess[] = [];

beforeEach(async () => {
  running = await startMarket();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await running.close();
});

function start(settings: Record<string, string>, ...given: readonly string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...given], {
    env: { PATH: process.env.PATH, DATA_DIR: running.directory, HTTP_PORT: '0', ...settings },
  });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', data => {
    said.out += String(data);
  });
  child.stderr.on('data', data => {
    said.err += String(data);
  });
  const exit = once(child, 'exit').then(([code]) => code as number);
  return { child, said, exit };
}

describe('the live board as a process', () => {
  it('shows what another process writes, is ready then, and stops cleanly on SIGTERM', async () => {
    const { feed } = running;
    await feed.append(
      feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD'] }),
      feed.tick({ symbol: 'BTC/USD', price: 100, timeMs: tenOClockMs }),
    );
    const { child, said, exit } = start({});
    const url = await eventually('its address', () => /^http:\S+$/m.exec(said.out)?.[0]);
    await eventually('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
    await feed.append(feed.tick({ symbol: 'BTC/USD', price: 101, timeMs: tenOClockMs + 1_000 }));
    const latest = async () => (await (await fetch(`${url}/api/latest`)).json()) as unknown;
    await eventually('the price', async () => JSON.stringify(await latest()).includes('101'));
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('tapeline_live_board_clients 0');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });

  it('answers its probes while Kafka is away, says what it waits for, and stops cleanly', async () => {
    const { child, said, exit } = start({ KAFKA_BROKERS: '127.0.0.1:1' });
    const url = await eventually('its address', () => /^http:\S+$/m.exec(said.out)?.[0]);
    await eventually('a word about Kafka', () => said.err.includes('waiting for Kafka') || said.out.includes('waiting for Kafka'));
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, 'live market: waiting for the log\n']);
    expect(await (await fetch(`${url}/api/latest`)).json()).toEqual({ latest: [] });
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });

  it('names what is wrong with its folder before it listens, and exits with 1', async () => {
    const { said, exit } = start({ DATA_DIR: join(running.directory, 'none') });
    expect(await exit).toBe(1);
    expect(said.out).toBe('');
    expect(said.err).toMatch(/^data directory \S+none holds no log, expected the file log\.sqlite: check DATA_DIR\n$/);
  });

  it('asks for the token that it was given in a file, and never says it', async () => {
    const token = 'an-example-of-a-token';
    const file = join(running.directory, 'token');
    writeFileSync(file, `${token}\n`);
    const { child, said, exit } = start({ HTTP_TOKEN_FILE: file, LOG_LEVEL: 'trace' });
    const url = await eventually('its address', () => /^http:\S+$/m.exec(said.out)?.[0]);
    expect((await fetch(`${url}/api/latest`)).status).toBe(401);
    expect((await fetch(`${url}/api/latest`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await fetch(`${url}/?token=${token}`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(said.out + said.err).not.toContain(token);
  });

  it('refuses a token that can be guessed, without saying it', async () => {
    const { said, exit } = start({ HTTP_TOKEN: 'hunter2' });
    expect(await exit).toBe(1);
    expect(said.err).toContain('HTTP_TOKEN must be 16 to 256 letters, digits and . _ ~ -');
    expect(said.err).not.toContain('hunter2');
  });

  it('names the setting to change when its port is taken, and exits with 1', async () => {
    const port = new URL((await running.startBoard()).url).port;
    const { said, exit } = start({ HTTP_PORT: port });
    expect(await exit).toBe(1);
    expect(said.err).toContain('set HTTP_PORT to a free port, or to 0 for any');
  });

  it('refuses a wrong configuration with all faults in one message, and exits with 1', async () => {
    const { said, exit } = start({ HTTP_PORT: 'x', BAR_INTERVALS: '2m' });
    expect(await exit).toBe(1);
    expect(said.err).toMatch(/^the configuration has 2 faults:\n {2}- BAR_INTERVALS .*\n {2}- HTTP_PORT .*\n$/);
  });

  it('explains itself, and refuses what it does not know with 2', async () => {
    const help = start({}, '--help');
    expect(await help.exit).toBe(0);
    expect(help.said.out).toContain('Usage: npm run live-board');
    const wrong = start({}, '--port');
    expect(await wrong.exit).toBe(2);
    expect(wrong.said.err).toBe('"--port" is not an option, expected none or --help\n');
  });
});
