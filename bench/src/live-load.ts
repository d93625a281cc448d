/**
 * The load at the pace of its own event time, as a process: an ingester on a busy day. As the ingester it has one append in flight, and the
 * next takes all that waits. It says when each heartbeat was to be appended, whether it had to wait or not, `beat <timeMs> <machine clock in ms>`,
 * and at the end `done`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogger } from '@tapeline/core/logging';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { heartbeatIntervalMs, loadRecords } from './load.ts';
import { LoadBlocks } from './load-blocks.ts';
import { machineMs } from './machine-clock.ts';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
    rate: { type: 'string', default: '100000' },
    symbols: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
  },
});
const rate = Number(values.rate);
const ticks = rate * Number(values.seconds);
/** As often as a socket gives a handful of prices. */
const chunkMs = 4;

const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
const log = prefixedLog(await openKafkaLog({ brokers: values.brokers.split(','), clientId: 'bench-load', logger }), values.prefix);
const startMs = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
const options = { symbols: Number(values.symbols), ticksPerSecond: rate, startMs };
const beganAtMs = machineMs() + startMs - Date.now();
const blocks = new LoadBlocks();
let beats: number[] = [];
let appending: Promise<void> | undefined;

for (const record of loadRecords(ticks, options)) {
  while (machineMs() - beganAtMs < record.atMs - startMs) {
    flush();
    await sleep(chunkMs);
  }
  blocks.add(record);
  if (record.key === undefined && record.atMs > startMs && record.partition === 0) beats.push(record.atMs);
}
flush();
await appending;
await log.close();
process.stdout.write(`done ${JSON.stringify({ ticks, startMs, heartbeatIntervalMs })}\n`);
process.exit(0);

/** Has what has come so far appended, without waiting for it. */
function flush(): void {
  const atMs = machineMs().toFixed(3);
  for (const beatMs of beats) process.stdout.write(`beat ${beatMs} ${atMs}\n`);
  beats = [];
  if (blocks.count > 0) appending ??= appendAll();
}

async function appendAll(): Promise<void> {
  while (blocks.count > 0) await log.appendBlocks(blocks.take());
  appending = undefined;
}
