/**
 * The fold alone, fed from memory, as a process that is started with --expose-gc: what it keeps for a symbol, whether it grows, how
 * often it makes the collector work, and what a tick costs it. Prints one line of JSON.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { intervals } from '@tapeline/core/intervals';
import { decodeRecord } from '@tapeline/core/record-codec';
import { HotFold } from '@tapeline/stream-processing/hot/hot-fold';
import { allowedLatenessMs, loadDefaults, loadFeed } from './load.ts';
import { TickRing } from './tick-ring.ts';

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: '12000' },
    ticks: { type: 'string', default: '10000000' },
    ring: { type: 'string', default: '200000' },
  },
});
/** So often results are written out, as after a fetch. */
const ticksPerBatch = 4_096;
const laps = Math.ceil(Number(values.ticks) / Number(values.ring));
const { partitions } = loadDefaults;

let minorCollections = 0;
const observer = new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if ((entry as unknown as { detail: { kind: number } }).detail.kind === 1) minorCollections += 1;
});
observer.observe({ entryTypes: ['gc'] });

const ring = new TickRing(Number(values.ring), { symbols: Number(values.symbols) });
const session = decodeRecord(Buffer.from(ring.session));
const emptyBytes = await settledBytes();
const folds = Array.from(
  { length: partitions },
  (_, partition) => new HotFold({ partition, partitions, intervals, allowedLatenessMs, correctionHorizonMs: 60_000 }),
);
const results = folds.map(fold => fold.results());
let bars = 0;
let barBytes = 0;
let plain = 0;
let cpuMicros = 0;
let warmCpuMicros = 0;
let warmTicks = 0;
const growth: { readonly ticks: number; readonly bytes: number; readonly minorCollections: number }[] = [];

for (const [partition, fold] of folds.entries()) fold.apply(session, results[partition] as never);
for (let lap = 0; lap < laps; lap += 1) {
  ring.turnTo(lap);
  const before = process.cpuUsage();
  foldLap(lap);
  const { user, system } = process.cpuUsage(before);
  cpuMicros += user + system;
  if (lap >= laps / 5) {
    warmCpuMicros += user + system;
    warmTicks += ring.count;
  }
  if ((lap + 1) % Math.max(1, Math.floor(laps / 5)) === 0) await note((lap + 1) * ring.count);
}
// What holds the bars of a busy minute until they are written is no symbol's.
for (const [partition, fold] of folds.entries()) results[partition] = fold.results();
const foldBytes = (await settledBytes()) - emptyBytes;
const summary = {
  symbols: Number(values.symbols),
  ticks: laps * ring.count,
  foldBytes,
  cpuMicros,
  warmMicrosPerTick: warmCpuMicros / warmTicks,
};
const { rss } = process.memoryUsage();
process.stdout.write(`${JSON.stringify({ ...summary, bars, barBytes, plain, rss, growth })}\n`);

function foldLap(lap: number): void {
  let beat = 0;
  for (let index = 0; index < ring.count; index += 1) {
    while (ring.beats[beat]?.before === index) {
      beatAll((ring.beats[beat]?.timeMs ?? 0) + lap * ring.lengthMs);
      beat += 1;
    }
    const partition = ring.partitions[index] as number;
    take(folds[partition] as HotFold, partition, ring.starts[index] as number, ring.starts[index + 1] as number);
    if (index % ticksPerBatch === 0) drain();
  }
  drain();
}

function take(fold: HotFold, partition: number, start: number, end: number): void {
  const into = results[partition] as ReturnType<HotFold['results']>;
  if (fold.applyTick(ring.bytes, start, end, into)) return;
  plain += 1;
  fold.apply(decodeRecord(ring.bytes.subarray(start, end)), into);
}

function beatAll(timeMs: number): void {
  for (const [partition, fold] of folds.entries()) {
    fold.apply({ v: 1, kind: 'heartbeat', feed: loadFeed, session: 7, timeMs, connected: true }, results[partition] as never);
  }
}

/** Bars become the bytes of their records, as for the log, and are dropped. */
function drain(): void {
  for (const result of results) {
    const block = result.bars;
    block.eachText((_, __, start, end) => {
      barBytes += end - start;
    });
    bars += block.count;
    result.clear();
  }
}

async function note(ticks: number): Promise<void> {
  growth.push({ ticks, bytes: await settledBytes(), minorCollections });
}

/** What is alive: the heap and what it holds outside, which is given back some turns after the collection that found it dead. */
async function settledBytes(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc?.();
    await new Promise(resolve => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
