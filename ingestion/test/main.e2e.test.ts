import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { startFinnhubServer } from '@tapeline/simulator/finnhub/finnhub-server';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { findLastSession } from '../src/last-session.ts';
import { aLogger } from './support/logger.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder = '';
let simulator: Simulator | undefined;
const processes: ChildProcess[] = [];

beforeEach(async () => {
  folder = temporaryFolder('ingester-process');
});
afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  await simulator?.close();
});

/** Starts the ingester's process on an embedded log, with nothing of our own environment but the path. */
function startProcess(environment: Readonly<Record<string, string>>) {
  const env = { PATH: process.env.PATH ?? '', DATA_DIR: folder, HTTP_PORT: '0', ...environment };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], { env });
  processes.push(child);
  const run = { child, output: '', status: new Promise<number | null>(resolve => child.on('exit', resolve)) };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      run.output += String(chunk);
    });
  return run;
}

async function said(run: { readonly output: string }, text: string): Promise<void> {
  await eventually(
    () => `"${text}" in:\n${run.output}`,
    () => run.output.includes(text),
  );
}

describe('the process of the ingester', () => {
  it('ends within 15 s when the key is refused, names the remedy, and prints the key nowhere', async () => {
    simulator = await startSimulator({ seed: 1, apiKey: 'the-right-key', logger: aLogger().logger });
    const startMs = Date.now();
    const run = startProcess({ TWELVE_DATA_URL: simulator.url, TWELVE_DATA_API_KEY: 'the-wrong-key', LOG_LEVEL: 'trace' });
    expect(await run.status).toBe(1);
    expect(Date.now() - startMs).toBeLessThan(15_000);
    expect(simulator.attempts).toHaveLength(3);
    expect(run.output).toContain('set TWELVE_DATA_API_KEY to a valid key');
    expect(run.output).not.toContain('the-wrong-key');
  }, 30_000);

  it('stops within 5 s of a signal that comes twice, and has written all that it received', async () => {
    simulator = await startSimulator({ seed: 1, logger: aLogger().logger, market: { ticksPerSecond: 200 } });
    const recording = join(folder, 'day.jsonl');
    const run = startProcess({ TWELVE_DATA_URL: simulator.url, SYMBOLS: 'BTC/USD,ETH/USD', FEED_RECORDING_FILE: recording });
    await said(run, '"msg":"subscribed"');
    await pause(700);
    const startMs = Date.now();
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    expect(await run.status).toBe(0);
    expect(Date.now() - startMs).toBeLessThan(5_000);
    const lines = (await readFile(recording, 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    const last = lines.filter(line => line.message?.event === 'price').at(-1);
    expect(lines.at(-1)).toMatchObject({ session: 'end', reason: 'ingester stopped' });
    const log = await openEmbeddedLog({ directory: folder, readOnly: true, logger: aLogger().logger });
    expect(await findLastSession(log, 'twelve-data/0')).toEqual({
      session: 1,
      reason: 'ingester stopped',
      lastDataMs: last.receivedTimeMs,
    });
    await log.close();
  }, 30_000);

  it('refuses a configuration without a key before anything connects', async () => {
    const run = startProcess({ ALLOWED_LATENESS_MS: '1' });
    expect(await run.status).toBe(1);
    expect(run.output).toContain('TWELVE_DATA_API_KEY is absent');
  }, 30_000);

  it('reads Finnhub with a key from a file, without TwelveData, and prints the key nowhere', async () => {
    const finnhub = await startFinnhubServer({ apiKey: 'k3y-of-finnhub' });
    try {
      const path = join(folder, 'key');
      await writeFile(path, 'k3y-of-finnhub\n');
      const run = startProcess({
        FEEDS: 'finnhub',
        FINNHUB_URL: finnhub.url,
        FINNHUB_API_KEY_FILE: path,
        FINNHUB_SYMBOLS: 'AAPL',
        LOG_LEVEL: 'trace',
      });
      await said(run, '"msg":"subscribed"');
      finnhub.trade({ s: 'AAPL', p: 129.5, t: Date.now(), v: 3 });
      await pause(300);
      run.child.kill('SIGTERM');
      expect(await run.status).toBe(0);
      expect(run.output).not.toContain('k3y-of-finnhub');
      const log = await openEmbeddedLog({ directory: folder, readOnly: true, logger: aLogger().logger });
      expect(await findLastSession(log, 'finnhub/0')).toMatchObject({ session: 1, lastDataMs: expect.any(Number) });
      await log.close();
    } finally {
      await finnhub.close();
    }
  }, 30_000);
});
