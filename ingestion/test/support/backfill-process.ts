/** A process that works on a queue of backfills, to be killed: `backfill-process.ts URL FOLDER CREDITS_PER_MINUTE [FROM_MS TO_MS]`. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileItems } from '@tapeline/database/file-items';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { BackfillQueue } from '../../src/backfill/backfill-queue.ts';
import { ItemBackfillStore } from '../../src/backfill/backfill-store.ts';
import { CreditBudget } from '../../src/twelve-data/credit-budget.ts';
import { FileCreditStore } from '../../src/twelve-data/credit-store.ts';
import { RestClient } from '../../src/twelve-data/rest-client.ts';

const [url = '', folder = '', perMinute = '8', fromMs, toMs] = process.argv.slice(2);
const registry = new Registry();
const budget = new CreditBudget({ store: new FileCreditStore(join(folder, 'credits')), registry, creditsPerMinute: Number(perMinute) });
const client = new RestClient({ url, apiKey: undefined, budget, registry });
const { signal } = new AbortController();
if (fromMs === undefined || toMs === undefined) {
  for (;;) await client.quote('AAPL', signal);
}
const queue = await BackfillQueue.open({
  client,
  store: new ItemBackfillStore(new FileItems(join(folder, 'jobs'))),
  take: async ({ windows }) => {
    // One at a time, so that a kill falls between two.
    for (const { startMs } of windows) appendFileSync(join(folder, 'delivered'), `${startMs}\n`);
  },
  logger: pino({ level: 'silent' }),
  registry,
});
const ranges = { symbol: 'BTC/USD', interval: '1m', fromMs: Number(fromMs), toMs: Number(toMs), reason: 'a test' } as const;
if (process.env.FIRST === 'yes') await queue.enqueue(ranges);
await queue.run(signal, 'done');
