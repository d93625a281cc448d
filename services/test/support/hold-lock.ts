/** Started as a process of its own: holds the lock named by its argument until it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exclusively } from '../../src/exclusive.ts';

const [path = ''] = process.argv.slice(2);
await exclusively(path, async () => {
  process.stdout.write('held\n');
  await sleep(60_000);
});
