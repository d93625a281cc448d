/**
 * Tapeline's stream processor as a process to be measured: the real one on the real Kafka, everything on (all intervals, indicators,
 * corrections, snapshots); its store is one that only counts, or Cassandra. It says how far it is and ends when asked to (SIGTERM). With
 * `--probes` it serves its metrics, and says where: `probes <address>`.
 */
import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { keepHeapSmall } from '@tapeline/core/garbage';
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
import { allowedLatenessMs } from './load.ts';
import { sayProbes } from './our-probes.ts';
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
    probes: { type: 'boolean', default: false },
  },
});
const progressIntervalMs = 100;
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort()).on('SIGINT', () => stopping.abort());

keepHeapSmall();
const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
const registry = new Registry();
if (values.probes) await sayProbes(registry);
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
    allowedLatenessMs,
    correctionHorizonMs: 60_000,
    snapshotIntervalMs: 10_000,
    storeTicks: false,
    signal: stopping.signal,
    registry,
    logger,
    onPartitions: owned => process.stdout.write(`owned ${owned?.length ?? 0}\n`),
  });
} finally {
  clearInterval(progress);
  await kafka.close();
  await store.close();
}
for (const file of [barFile, durableFile]) if (file !== undefined) await new Promise(resolve => file.end(resolve));
const memory = process.memoryUsage();
const processed = { records: await totalOf('records'), ticks: await totalOf('ticks'), bars: await totalOf('bars') };
process.stdout.write(`done ${JSON.stringify({ ...counting.counts, appended: counted.counts, processed, memory })}\n`, () =>
  process.exit(0),
);

async function openStore(): Promise<MarketStore> {
  if (values.cassandra === undefined) return counting.store;
  const contactPoints = values.cassandra.split(',');
  const cassandra = openCassandraStore({ contactPoints, keyspace: values.keyspace, replicationFactor: 1, ticks: false, logger, registry });
  await cassandra.migrate();
  return cassandra;
}

async function sayProgress(): Promise<void> {
  process.stdout.write(`progress ${await totalOf('ticks')}\n`);
}

/** Over all labels. */
async function totalOf(what: 'records' | 'ticks' | 'bars'): Promise<number> {
  const metric = await registry.getSingleMetric(`tapeline_stream_processor_${what}_total`)?.get();
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
}
