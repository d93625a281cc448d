import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { eventually } from '../../test/support/eventually.ts';
import { restOfThisFile } from './support/rest-servers.ts';

const main = fileURLToPath(new URL('./support/backfill-process.ts', import.meta.url));
const toMs = Date.parse('2026-03-02T00:00:00Z');
const fromMs = toMs - 20_000 * 60_000;
const bars = () => ({ open: 100, high: 101, low: 99, close: 100 });

describe('processes with one key', () => {
  const { folder } = restOfThisFile();
  const children: ChildProcess[] = [];
  const closers: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const close of closers.splice(0)) await close();
  });

  const startVendor = async (creditsPerMinute: number) => {
    const vendor = await startRestSimulator({ seed: 1, bars, creditsPerMinute });
    closers.push(vendor.close);
    return vendor;
  };

  const start = (args: readonly string[], isFirst = false) => {
    const env = { PATH: process.env.PATH ?? '', FIRST: isFirst ? 'yes' : 'no' };
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return { child, status: new Promise<number | null>(resolve => child.on('exit', resolve)) };
  };

  const deliveredIn = async (path: string): Promise<readonly number[]> => {
    const text = await readFile(join(path, 'delivered'), 'utf8').catch(() => '');
    // A line without its end is one that the kill cut.
    return text.split('\n').slice(0, -1).map(Number);
  };

  it('go on where a killed one stopped', async () => {
    const vendor = await startVendor(100);
    const path = await folder();
    const args = [vendor.url, path, '100', `${fromMs}`, `${toMs}`];
    for (const count of [2_500, 9_000, 13_000]) {
      const { child, status } = start(args, count === 2_500);
      while ((await deliveredIn(path)).length < count && child.exitCode === null) await pause(5);
      child.kill('SIGKILL');
      await status;
    }
    expect(await start(args).status).toBe(0);
    const delivered = await deliveredIn(path);
    expect(new Set(delivered).size).toBe(20_000);
    expect(Math.min(...delivered)).toBe(fromMs);
    // 5 pieces of at most 4,999 windows; each kill costs one of them again at most.
    expect(vendor.journal.length).toBeLessThanOrEqual(5 + 3);
    expect(vendor.account.refusals).toEqual([]);
  }, 60_000);

  it('never spend more than the key has together', async () => {
    const vendor = await startVendor(8);
    const path = await folder();
    for (let process = 0; process < 3; process += 1) start([vendor.url, path, '8']);
    const spent = () => `eight credits are spent, not ${vendor.account.total}`;
    await eventually(spent, () => vendor.account.total >= 8, 90_000);
    children[0]?.kill('SIGKILL');
    start([vendor.url, path, '8']);
    await pause(1_500);
    const times = vendor.journal.map(({ timeMs }) => timeMs);
    // Nine in a row have more than a minute between the first and the last, however long this took.
    expect(times.slice(8).filter((timeMs, index) => timeMs - (times[index] ?? 0) < 60_000)).toEqual([]);
    expect(vendor.account.refusals).toEqual([]);
  }, 120_000);
});
