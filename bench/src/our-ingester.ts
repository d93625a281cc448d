/**
 * Tapeline's ingester as a process to be measured: the product's feed, ingester and log, put together as its own `main.ts` does, and a
 * line for each append that was acknowledged, `acked <prices so far> <machine clock in ms> <prices lost so far>`. With `--probes` it serves
 * its metrics, and says where: `probes <address>`.
 */
import { parseArgs } from 'node:util';
import { createLogger } from '@tapeline/core/logging';
import { topics } from '@tapeline/core/topics';
import { runIngester } from '@tapeline/ingestion/ingester';
import { twelveDataFeed } from '@tapeline/ingestion/twelve-data/twelve-data-feed';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { Registry } from 'prom-client';
import { loadSymbols } from './load.ts';
import { machineMs } from './machine-clock.ts';
import { sayProbes } from './our-probes.ts';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
    url: { type: 'string', default: '' },
    symbols: { type: 'string', default: '1000' },
    partitions: { type: 'string', default: '4' },
    probes: { type: 'boolean', default: false },
  },
});
/** A load of ten minutes would fill a disk. */
const retentionMs = 30_000;
const feed = 'twelve-data/0';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort()).on('SIGINT', () => stopping.abort());
const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
const registry = new Registry();
if (values.probes) await sayProbes(registry);
const kafka = prefixedLog(await openKafkaLog({ brokers: values.brokers.split(','), clientId: 'bench', logger }), values.prefix);
await kafka.ensureTopics(topics.map(({ name, partitions = Number(values.partitions) }) => ({ name, partitions, retentionMs })));

const ingester = runIngester({
  feed,
  openFeed: (lastSession, signal, _firstSession, partitions) =>
    twelveDataFeed({
      url: values.url,
      symbols: loadSymbols(Number(values.symbols)),
      feedClock: false,
      clock: Date.now,
      logger,
      registry,
      signal,
      ...(partitions === undefined ? {} : { partitions }),
      ...(lastSession === undefined ? {} : { lastSession }),
    }),
  log: acknowledging(kafka),
  logger,
  registry,
  signal: stopping.signal,
});
const { ticks } = await ingester.finished;
await kafka.close();
process.stdout.write(`done ${JSON.stringify({ ...ticks, memory: process.memoryUsage() })}\n`, () => process.exit(0));

/** Says each acknowledgement; prices are counted just behind it. */
function acknowledging(log: MarketLog): MarketLog {
  const acknowledged = (): void => {
    const atMs = machineMs();
    setImmediate(() => {
      const { accepted, lost } = ingester.state().ticks;
      process.stdout.write(`acked ${accepted} ${atMs.toFixed(3)} ${lost}\n`);
    });
  };
  return {
    ...{ ensureTopics: log.ensureTopics.bind(log), partitionCount: log.partitionCount.bind(log), offsets: log.offsets.bind(log) },
    ...{ read: log.read.bind(log), join: log.join.bind(log), close: log.close.bind(log) },
    append: entries => log.append(entries).then(acknowledged),
    appendBlocks: blocks => log.appendBlocks(blocks).then(acknowledged),
  };
}
