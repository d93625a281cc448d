import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { exclusively } from '../src/exclusive.ts';

const holdLock = fileURLToPath(new URL('support/hold-lock.ts', import.meta.url));

describe('exclusively', () => {
  it('lets one at a time in', async () => {
    const folder = temporaryFolder('services');
    const events: string[] = [];
    const enter = async (name: string) => {
      await exclusively(join(folder, 'lock'), async () => {
        events.push(`${name} in`);
        await sleep(50);
        events.push(`${name} out`);
      });
    };
    await Promise.all([enter('a'), enter('b')]);
    expect(events).toHaveLength(4);
    expect(events[1]).toBe(events[0]?.replace('in', 'out'));
  });

  it('is free again when its holder was killed', async () => {
    const folder = temporaryFolder('services');
    const path = join(folder, 'lock');
    const holder = spawn(process.execPath, [holdLock, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    let waited = false;
    const entered = exclusively(path, async () => 'entered', { onWait: () => (waited = true) });
    await sleep(100);
    holder.kill('SIGKILL');
    expect(await entered).toBe('entered');
    expect(waited).toBe(true);
  });

  it('stops waiting when it is told to', async () => {
    const folder = temporaryFolder('services');
    const path = join(folder, 'lock');
    await exclusively(path, async () => {
      const second = exclusively(path, async () => 'entered', { signal: AbortSignal.timeout(100) });
      await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    });
  });
});
