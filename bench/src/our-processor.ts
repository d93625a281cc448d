/**
 * Tapeline's stream processor as a process to be measured: the real one on the real Kafka, everything on (all intervals, indicators,
 * corrections, snapshots); its store is one that only counts, or Cassandra. It says how far it is and ends when asked to (SIGTERM).
 */
import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { markLate } from '@tapeline/core/garbage';
import { type Interval, intervals } from '@tapeline/core/intervals';
import { createLogger } from '@tapeline/core/logging';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { runStreamProcessor } from '@tapeline/stream-processing/stream-processor';
import { Registry } from 'prom-client';
import { barLine } from './bar-comparison.ts';
import { countingLog } from './counting-log.ts';
import { type CountingStore, countingStore } from './counting-store.ts';
import { timedStore } from './timed-store.ts';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
    group: { type: 'string', default: '' },
    /** Comma-separated; absent for all. */
    intervals: { type: 'string' },
    /** Appends results to market-data.bars; otherwise they are only encoded. */
    publish: { type: 'boolean', default: false },
    /** Contact points of Cassandra; absent for a store that only counts. */
    cassandra: { type: 'string' },
    keyspace: { type: 'string', default: 'bench' },
    /** A file for the bars, as lines. */
    output: { type: 'string' },
    /** A file for the times at which bars were durable, as lines of JSON. */
    durable: { type: 'string' },
  },
});
const progressIntervalMs = 100;
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort()).on('SIGINT', () => stopping.abort());

markLate();
const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
const registry = new Registry();
const barFile = values.output === undefined ? undefined : createWriteStream(values.output);
const durableFile = values.durable === undefined ? undefined : createWriteStream(values.durable);

const counting: CountingStore = countingStore(barFile && (bar => barFile.write(`${barLine({ ...bar, count: bar.tickCount })}\n`)));
const kafka = prefixedLog(await openKafkaLog({ brokers: values.brokers.split(','), clientId: 'bench', logger }), values.prefix);
const counted = countingLog(kafka);
const store = await openStore();
const progress = setInterval(sayProgress, progressIntervalMs);
try {
  await runStreamProcessor({
    log: values.publish ? kafka : counted.log,
    store: durableFile === undefined ? store : timedStore(store, bar => durableFile.write(`${JSON.stringify(bar)}\n`)),
    group: values.group,
    intervals: (values.intervals?.split(',') as Interval[] | undefined) ?? intervals,
    allowedLatenessMs: 2_000,
    correctionHorizonMs: 60_000,
    snapshotIntervalMs: 10_000,
    storeTicks: false,
    signal: stopping.signal,
    registry,
    logger,
    onPartitions: owned => process.stdout.write(`owned ${owned.length}\n`),
  });
} finally {
  clearInterval(progress);
  await kafka.close();
  await store.close();
}
for (const file of [barFile, durableFile]) if (file !== undefined) await new Promise(resolve => file.end(resolve));
const memory = process.memoryUsage();
process.stdout.write(`done ${JSON.stringify({ ...counting.counts, appended: counted.counts, memory })}\n`);

async function openStore(): Promise<MarketStore> {
  if (values.cassandra === undefined) return counting.store;
  const contactPoints = values.cassandra.split(',');
  const cassandra = openCassandraStore({ contactPoints, keyspace: values.keyspace, replicationFactor: 1, ticks: false, logger, registry });
  await cassandra.migrate();
  return cassandra;
}

async function sayProgress(): Promise<void> {
  const metric = await registry.getSingleMetric('stream_processor_ticks_total')?.get();
  process.stdout.write(`progress ${metric?.values[0]?.value ?? 0}\n`);
}
