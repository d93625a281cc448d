/** Measures what the fold keeps of a symbol: bytes of heap and of a snapshot, and how fast it is. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { intervals } from '@tapeline/core/intervals';
import type { Tick } from '@tapeline/core/records';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';

const feed = 'twelve-data/0';
const beginMs = Date.parse('2026-03-02T14:30:00.000Z');

export interface SymbolMemory {
  readonly heapBytes: number;
  readonly snapshotBytes: number;
  readonly ticksPerSecond: number;
}

/** Folds a tick a second of each symbol for so long; beyond half an hour a symbol takes hardly more. */
export function measureSymbolMemory(symbolCount: number, seconds: number): SymbolMemory {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const symbols = Array.from({ length: symbolCount }, (_, index) => `SYM${index}`);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const begun = performance.now();
  const fold = folded(symbols, seconds);
  const lasted = (performance.now() - begun) / 1_000;
  collectGarbage();
  const heapBytes = (process.memoryUsage().heapUsed - before) / symbolCount;
  return { heapBytes, snapshotBytes: fold.encode().length / symbolCount, ticksPerSecond: (symbolCount * seconds) / lasted };
}

function folded(symbols: readonly string[], seconds: number): PartitionFold {
  const fold = new PartitionFold({ partition: 0, partitions: 1, intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 });
  const emit = (): void => undefined;
  fold.apply({ v: 1, kind: 'session', feed, session: 1, timeMs: beginMs, symbols: [...symbols], refused: [] }, emit);
  for (let second = 0; second < seconds; second += 1) {
    for (const [index, symbol] of symbols.entries()) fold.apply(aTick(symbol, second, second * symbols.length + index + 1), emit);
    fold.apply({ v: 1, kind: 'heartbeat', feed, session: 1, timeMs: beginMs + second * 1_000 + 990, connected: true }, emit);
  }
  return fold;
}

function aTick(symbol: string, second: number, sequence: number): Tick {
  const timeMs = beginMs + second * 1_000 + (sequence % 900);
  const price = 100 + Math.sin(sequence) * 3;
  const tradingDayEndMs = Date.parse('2026-03-03T00:00:00.000Z');
  const values = { price, bid: price - 0.01, ask: price + 0.02, dayVolume: 1_000 + sequence };
  const times = { sourceTimeMs: beginMs + second * 1_000, receivedTimeMs: timeMs, timeMs };
  return { v: 1, kind: 'tick', feed, session: 1, sequence, symbol, ...values, ...times, tradingDay: '2026-03-02', tradingDayEndMs };
}
