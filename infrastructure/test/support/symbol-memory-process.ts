/**
 * What the fold of the processors keeps of a symbol, measured in a process of its own, where nothing else comes and goes; prints a line of JSON:
 *
 *   node --expose-gc infrastructure/test/support/symbol-memory-process.ts <symbols> <seconds>
 *
 * A tick a second of each symbol for so long; beyond ten minutes a symbol takes hardly more.
 */
import { intervals } from '@tapeline/core/intervals';
import type { Tick } from '@tapeline/core/records';
import { HotFold } from '@tapeline/stream-processing/hot/hot-fold';

const feed = 'twelve-data/0';
const beginMs = Date.parse('2026-03-02T14:30:00.000Z');
const [symbolCount = 0, seconds = 0] = process.argv.slice(2).map(Number);

const symbols = Array.from({ length: symbolCount }, (_, index) => `SYM${index}`);
const before = settledBytes();
const begun = performance.now();
const fold = folded();
const lasted = (performance.now() - begun) / 1_000;
const memoryBytes = (settledBytes() - before) / symbolCount;
const measured = { memoryBytes, snapshotBytes: fold.encode().length / symbolCount, ticksPerSecond: (symbolCount * seconds) / lasted };
process.stdout.write(`${JSON.stringify(measured)}\n`);

/** The engine's memory is outside the heap. */
function settledBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function folded(): HotFold {
  const fold = new HotFold({ partition: 0, partitions: 1, intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 });
  const results = fold.results();
  fold.apply({ v: 1, kind: 'session', feed, session: 1, timeMs: beginMs, symbols: [...symbols], refused: [] }, results);
  for (let second = 0; second < seconds; second += 1) {
    for (const [index, symbol] of symbols.entries()) fold.apply(aTick(symbol, second, second * symbols.length + index + 1), results);
    fold.apply({ v: 1, kind: 'heartbeat', feed, session: 1, timeMs: beginMs + second * 1_000 + 990, connected: true }, results);
    results.clear();
  }
  return fold;
}

function aTick(symbol: string, second: number, sequence: number): Tick {
  const timeMs = beginMs + second * 1_000 + (sequence % 900);
  // Whole cents, as a vendor sends them.
  const cents = Math.round(10_000 + Math.sin(sequence) * 300);
  const tradingDayEndMs = Date.parse('2026-03-03T00:00:00.000Z');
  const values = { price: cents / 100, bid: (cents - 1) / 100, ask: (cents + 2) / 100, dayVolume: 1_000 + sequence };
  const times = { sourceTimeMs: beginMs + second * 1_000, receivedTimeMs: timeMs, timeMs };
  return { v: 1, kind: 'tick', feed, session: 1, sequence, symbol, ...values, ...times, tradingDay: '2026-03-02', tradingDayEndMs };
}
