import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type RunningProcess, startProgram } from './support/processes.ts';

const program = 'standalone/src/main.ts';
const scratch = temporaryFolder('output');
const subscribed = { event: 'subscribe-status', status: 'ok', success: [{ symbol: 'BTC/USD', type: 'Digital Currency' }], fails: null };

/** Its replay gives a bar a second, about 65 bytes each. */
function recordingOf(bars: number): string {
  const path = join(scratch, `${bars}.jsonl`);
  const prices = Array.from({ length: bars }, (_, second) => ({
    receivedTimeMs: 1_730_598_487_000 + second * 1_000,
    message: { event: 'price', symbol: 'BTC/USD', type: 'Digital Currency', timestamp: 1_730_598_487 + second, price: 69_142.14 },
  }));
  const lines = [{ receivedTimeMs: 1_730_598_486_777, message: subscribed }, ...prices];
  writeFileSync(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

/** A replay whose standard output is a pipe to this command of the shell. */
function replayInto(reader: string, bars: number) {
  const through = ['bash', '-c', `exec "$@" > >(${reader})`, 'bash'];
  return startProgram(program, { args: ['replay', recordingOf(bars), '--interval', '1s'], through });
}

// A pipe takes 64 KiB, and the process holds as much again before it waits for its reader.
const withinBuffers = 1_200;
const beyondBuffers = 5_000;

it.each([withinBuffers, beyondBuffers])('a reader that is slow gets all %d bars', async bars => {
  const running = replayInto('read -r head; echo "$head"; sleep 2; cat', bars);
  expect(await running.exit).toBe(0);
  expect(running.stderr()).toContain(`${bars} bars`);
  expect(running.stdout().trimEnd().split('\n')).toHaveLength(1 + bars);
});

it.each([withinBuffers, beyondBuffers])('Ctrl-C ends a command whose reader takes nothing of %d bars', async bars => {
  const running = replayInto('read -r head; echo stopped; exec sleep 30 > /dev/null 2>&1', bars);
  await eventually('its reader has stopped', () => running.stdout() === 'stopped\n');
  await sleep(1_000);
  expect([running.child.exitCode, await endOf(running)]).toEqual([null, 130]);
});

it('a reader that leaves ends a command quietly', async () => {
  const running = replayInto('head -n 1', beyondBuffers);
  expect([await running.exit, running.stderr()]).toEqual([0, expect.not.stringContaining('bars')]);
  expect(running.stdout()).toMatch(/^symbol,interval/);
});

it.each([
  ['database/src/main.ts', ['--help'], 0],
  ['simulator/src/main.ts', ['--help'], 0],
  ['stream-processing/src/main.ts', ['doctor', '--json'], 2],
  [program, ['doctor', '--json'], 2],
])('nobody who reads %s %j changes its exit status or its message', async (path, args, status) => {
  // Not the folder of a flow that runs here: the doctor would find it well.
  const env = { DATA_DIR: join(scratch, 'no-data') };
  const running = startProgram(path, { args, env, through: ['bash', '-c', 'exec "$@" > >(exit)', 'bash'] });
  expect([await running.exit, running.stderr()]).toEqual([status, '']);
});

/** The exit status after Ctrl-C; the reader, which has its standard error, too, may be there longer. */
async function endOf({ child }: RunningProcess): Promise<number | null> {
  child.kill('SIGINT');
  const [status] = await once(child, 'exit');
  return status;
}
