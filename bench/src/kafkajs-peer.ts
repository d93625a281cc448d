/**
 * The bars by kafkajs as people usually write it: `eachMessage`, `JSON.parse`, a Map of objects; client and consumer as they come.
 * Not Tapeline's way; a peer to measure against.
 */
import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import kafkajs from 'kafkajs';

interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
  openMs: number;
  closeMs: number;
  count: number;
}

interface PartitionState {
  watermarkMs: number;
  readonly windows: ReadonlyMap<string, Map<number, Map<string, Bar>>>;
}

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    ticks: { type: 'string', default: '0' },
    intervals: { type: 'string', default: '1s,1m' },
    output: { type: 'string' },
  },
});
const lengths = new Map(values.intervals.split(',').map(interval => [interval, interval === '1m' ? 60_000 : 1_000]));
const wanted = Number(values.ticks);
const output = values.output === undefined ? undefined : createWriteStream(values.output);
const states = new Map<number, PartitionState>();
const finished = Promise.withResolvers<void>();
let ticks = 0;
let bars = 0;

function take(partition: number, tick: { symbol: string; price: number; timeMs: number }): void {
  const state = states.get(partition) ?? { watermarkMs: 0, windows: new Map([...lengths.keys()].map(interval => [interval, new Map()])) };
  states.set(partition, state);
  const watermarkMs = Math.max(state.watermarkMs, tick.timeMs - 2_000);
  // Windows end on whole seconds, so between two of them nothing can close.
  const closes = Math.floor(watermarkMs / 1_000) > Math.floor(state.watermarkMs / 1_000);
  state.watermarkMs = watermarkMs;
  if (closes) close(state);
  for (const [interval, windows] of state.windows) {
    const lengthMs = lengths.get(interval) ?? 0;
    const startMs = tick.timeMs - (tick.timeMs % lengthMs);
    if (startMs + lengthMs <= state.watermarkMs) continue;
    const window = windows.get(startMs) ?? new Map<string, Bar>();
    windows.set(startMs, window);
    add(window, tick);
  }
}

function add(window: Map<string, Bar>, { symbol, price, timeMs }: { symbol: string; price: number; timeMs: number }): void {
  const bar = window.get(symbol);
  if (bar === undefined) {
    window.set(symbol, { open: price, high: price, low: price, close: price, openMs: timeMs, closeMs: timeMs, count: 1 });
    return;
  }
  bar.high = Math.max(bar.high, price);
  bar.low = Math.min(bar.low, price);
  if (timeMs < bar.openMs) [bar.openMs, bar.open] = [timeMs, price];
  if (timeMs >= bar.closeMs) [bar.closeMs, bar.close] = [timeMs, price];
  bar.count += 1;
}

function close({ watermarkMs, windows: all }: PartitionState): void {
  for (const [interval, windows] of all) {
    for (const [startMs, window] of windows) {
      if (startMs + (lengths.get(interval) ?? 0) > watermarkMs) continue;
      windows.delete(startMs);
      bars += window.size;
      if (output === undefined) continue;
      for (const [symbol, bar] of window) {
        output.write(`${symbol},${interval},${startMs},${bar.open},${bar.high},${bar.low},${bar.close},${bar.count}\n`);
      }
    }
  }
}

const kafka = new kafkajs.Kafka({ clientId: 'bench-kafkajs', brokers: values.brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `bench-kafkajs-${Date.now()}` });
await consumer.connect();
await consumer.subscribe({ topic: values.topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ partition, message }) => {
    const record = JSON.parse(message.value?.toString() ?? 'null');
    if (record.kind !== 'tick') return;
    take(partition, record);
    ticks += 1;
    if (ticks % 50_000 === 0 || ticks === wanted) process.stdout.write(`progress ${ticks}\n`);
    if (ticks === wanted) finished.resolve();
  },
});
await finished.promise;
if (output !== undefined) await new Promise(resolve => output.end(resolve));
process.stdout.write(`done ${JSON.stringify({ bars })}\n`);
process.exit(0);
