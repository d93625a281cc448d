/** A short run of all parsers, as the command makes it: the same inputs each time, and some that nobody has seen. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** @returns the exit status, and what was printed */
function fuzzed(...flags: readonly string[]): Promise<{ readonly status: number | null; readonly text: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, '--no-count', ...flags]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', status => resolve({ status, text }));
  });
}

/** Lines of a run that tell of more than parsers without faults. */
function faultsIn(text: string): readonly string[] {
  return text.split('\n').filter(line => line !== '' && !/^seed \d+$|^nothing was found$|, 0 faults$/.test(line));
}

describe('every parser', () => {
  it('takes the inputs of a known seed', async () => {
    const { status, text } = await fuzzed('--seed', '1', '--short', '4000');
    expect(faultsIn(text)).toEqual([]);
    expect(status).toBe(0);
  }, 600_000);

  // In CI the same ones each time: what a new seed finds says nothing of the change under test.
  it('takes the inputs of a new seed, which is printed', async () => {
    const { status, text } = await fuzzed('--short', '1000', ...(process.env.CI === 'true' ? ['--seed', '2'] : []));
    process.stderr.write(`short fuzz: ${text.split('\n')[0]}\n`);
    expect(faultsIn(text)).toEqual([]);
    expect(status).toBe(0);
  }, 600_000);
});
