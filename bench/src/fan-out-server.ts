/**
 * The live board as a process to be measured: the product's own server, on a market whose prices move by themselves. Its clock is the
 * machine's, so that clients in other processes can tell how long an update took.
 *
 * On standard output: `url <address>`; `spent <milliseconds that moving the prices took>` for each line `spent` on standard input.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createLogger } from '@tapeline/core/logging';
import { createProbes } from '@tapeline/core/probes';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { startLiveBoard } from '@tapeline/visualization/live-board';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { machineMs } from './machine-clock.ts';
import { MovingPrices } from './moving-prices.ts';

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '2000' },
    data: { type: 'string', default: '' },
  },
});
const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const store = openSqliteStore({ dataDir: values.data, logger, registry });
await store.migrate();
const market = new MovingPrices(Number(values.symbols));
const board = await startLiveBoard({
  host: '127.0.0.1',
  port: 0,
  market,
  store,
  probes: createProbes({ checks: [], registry }),
  logger,
  registry,
  socket: { maxClients: Number(values.clients) },
  now: machineMs,
});
process.stdout.write(`url ${board.url}\n`);
createInterface(process.stdin)
  .on('line', line => {
    if (line === 'spent') process.stdout.write(`spent ${market.spentMs}\n`);
  })
  .on('close', () => process.exit(0));
process.on('SIGTERM', () => void board.close().then(() => process.exit(0)));
