import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { canary, leaksIn } from './support/canaries.ts';
import { startProgram } from './support/processes.ts';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const patternFile = '/proc/sys/kernel/core_pattern';
/** Where the system puts core files, in the process's folder unless it says otherwise; absent where it is not Linux. */
const pattern = existsSync(patternFile) ? readFileSync(patternFile, 'utf8').trim() : undefined;

describe('a process that crashes', () => {
  it('leaves no secret in its core file', async () => {
    if (pattern === undefined) return;
    const folder = temporaryFolder('core-files');
    const names = ['TWELVE_DATA_API_KEY', 'ALERT_WEBHOOK_SECRET'] as const;
    const running = startProgram(program, {
      args: ['start'],
      through: ['sh', '-c', `cd '${folder}' && ulimit -c unlimited && exec "$@"`, 'sh'],
      env: {
        ...Object.fromEntries(names.map(name => [name, canary(name)])),
        // Nobody is there.
        TWELVE_DATA_URL: 'ws://127.0.0.1:9/',
        TWELVE_DATA_REST_URL: 'http://127.0.0.1:9',
        ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/',
        SYMBOLS: 'BTC/USD',
        DATA_DIR: join(folder, 'data'),
        HTTP_PORT: '0',
      },
    });
    try {
      await eventually('it runs', () => /Tapeline is at/.exec(running.stdout() + running.stderr()) ?? undefined, 60_000);
      expect(readFileSync(`/proc/${running.pid}/coredump_filter`, 'utf8').trim()).toBe('00000000');
      expect(await running.end('SIGABRT')).toBe('SIGABRT');
      // Another program may be given it, or another folder: then the filter has to do.
      const files = readdirSync(folder).filter(name => name.startsWith('core'));
      if (pattern === 'core') expect(files).toHaveLength(1);
      for (const file of files) expect(leaksIn({ [file]: readFileSync(join(folder, file)) }, names)).toEqual([]);
    } finally {
      await running.end('SIGKILL');
    }
  }, 120_000);
});
