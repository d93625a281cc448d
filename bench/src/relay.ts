/**
 * What the way alone takes, as a process: it reads the feed as the stream processor does and appends for each heartbeat that closes a
 * second as many bytes as the bars of that second are, ready made. It computes nothing, so no stream processor can be much faster here.
 */
import { parseArgs } from 'node:util';
import { encodeBar } from '@tapeline/core/bars';
import { createLogger } from '@tapeline/core/logging';
import { partitionOf } from '@tapeline/core/partitioner';
import { barsTopic, feedTopic } from '@tapeline/core/topics';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { LogBatch } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { RecordBlock } from '@tapeline/log/record-block';
import { allowedLatenessMs, loadDefaults, loadStartMs, loadSymbols } from './load.ts';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
    symbols: { type: 'string', default: '1000' },
  },
});
const progressIntervalMs = 100;
const secondMs = 1_000;
const symbols = loadSymbols(Number(values.symbols));

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort()).on('SIGINT', () => stopping.abort());
const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
const log = prefixedLog(await openKafkaLog({ brokers: values.brokers.split(','), clientId: 'bench', logger }), values.prefix);
let ticks = 0;

const partitions = Array.from({ length: loadDefaults.partitions }, (_, partition) => partition);
const progress = setInterval(() => process.stdout.write(`progress ${ticks}\n`), progressIntervalMs);
const relaying = Promise.all(partitions.map(relay));
process.stdout.write(`owned ${partitions.length}\n`);
await relaying;
clearInterval(progress);
await log.close();

async function relay(partition: number): Promise<void> {
  const bars = symbols.filter(symbol => partitionOf(symbol, partitions.length) === partition).map(barOfSecond);
  const block = new RecordBlock({ topic: barsTopic.name, partition });
  for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset: 0, signal: stopping.signal })) {
    const closingMs = closingHeartbeatMs(batch);
    batch.release();
    if (closingMs === undefined) continue;
    block.clear();
    for (const bar of bars) bar.addTo(block, closingMs - allowedLatenessMs - secondMs);
    await log.appendBlocks([block]);
  }
}

/** The time of the last heartbeat that ends a second, counting ticks on the way. */
function closingHeartbeatMs(batch: LogBatch): number | undefined {
  let closingMs: number | undefined;
  for (const cursor = batch.cursor(); cursor.next(); ) {
    if (cursor.keyStart >= 0) {
      ticks += 1;
      continue;
    }
    const { kind, timeMs } = JSON.parse(Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString());
    if (kind === 'heartbeat' && timeMs % secondMs === 0) closingMs = timeMs;
  }
  return closingMs;
}

/** A bar with as many digits as those of the load, whose time is written in place. */
function barOfSecond(symbol: string) {
  const startMs = loadStartMs;
  const prices = { open: 123.45, high: 123.47, low: 123.41, close: 123.44, volume: 12_345, vwap: 123.441234567, spreadMean: 0.025 };
  const derived = [123.441234567, 123.451234567, 123.461234567, -0.0112345678901, 0.0112345678901, 0.0212345678901];
  const [sma20, ema12, ema26, macd, macdSignal, macdHistogram] = derived as [number, number, number, number, number, number];
  const averages = { sma20, ema12, ema26, macd, macdSignal, macdHistogram };
  const ranges = { rsi14: 51.2345678901, bollingerUpper: 123.671234567, bollingerLower: 123.211234567 };
  const others = { atr14: 0.0512345678901, momentum10: -0.02, volatility20: 0.000212345678901 };
  const window = { symbol, interval: '1s', startMs, endMs: startMs + secondMs, tickCount: 100, flags: [], revision: 0 } as const;
  const text = encodeBar({
    ...window,
    ...prices,
    vwapKind: 'estimate',
    state: 'final',
    versionUs: startMs * 1_000,
    indicators: { ...averages, ...ranges, ...others },
  });
  const [key, value] = [Buffer.from(symbol), Buffer.from(text)];
  const timeAt = text.indexOf(String(startMs));
  return {
    addTo(block: RecordBlock, atMs: number): void {
      value.write(String(atMs), timeAt, 'latin1');
      block.add(key, value, 0, value.length);
    },
  };
}
