/** Figure `memory`: what the fold keeps for a symbol, whether it grows over many ticks, and what a tick costs it alone. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchContext } from './bench-context.ts';

export interface MemoryOptions {
  readonly symbols: number;
  readonly ticks: number;
}

interface FoldMemory {
  readonly symbols: number;
  readonly ticks: number;
  readonly foldBytes: number;
  readonly warmMicrosPerTick: number;
  readonly rss: number;
  readonly bars: number;
  /** Ticks that were decoded, because they were no everyday ones. */
  readonly plain: number;
  readonly growth: readonly { readonly ticks: number; readonly bytes: number; readonly minorCollections: number }[];
}

const run = promisify(execFile);
/** So few that what they take is what the fold takes without any. */
const fewSymbols = 12;

export async function measureMemory(context: BenchContext, { symbols, ticks }: MemoryOptions): Promise<void> {
  const wanted = { figure: 'memory', subject: 'tapeline', round: 1, parameters: { symbols, ticks } };
  if (context.resume && context.results.has(wanted)) return;
  context.progress(`memory: ${ticks} ticks of ${symbols} symbols`);
  const many = await foldMemory(symbols, ticks, context.signal);
  const few = await foldMemory(fewSymbols, Math.min(ticks, 2_000_000), context.signal);
  const [first, last] = [many.growth.at(0), many.growth.at(-1)];
  const grownTicks = (last?.ticks ?? 0) - (first?.ticks ?? 0);
  const values = {
    bytesPerSymbol: (many.foldBytes - few.foldBytes) / (symbols - fewSymbols),
    grownBytes: (last?.bytes ?? 0) - (first?.bytes ?? 0),
    grownOverTicks: grownTicks,
    minorCollectionsPerMillionTicks: (((last?.minorCollections ?? 0) - (first?.minorCollections ?? 0)) / Math.max(1, grownTicks)) * 1e6,
    foldMicrosPerTick: many.warmMicrosPerTick,
    residentBytes: many.rss,
    decodedShare: many.plain / many.ticks,
    bars: many.bars,
  };
  const command = `npm run bench -- memory --symbols ${symbols} --ticks ${ticks}`;
  context.results.add({ ...wanted, values, command });
  context.say(
    `memory: ${Math.round(values.bytesPerSymbol)} bytes a symbol of ${symbols}; ${values.grownBytes} bytes more after ${grownTicks} ticks, ` +
      `${values.minorCollectionsPerMillionTicks.toFixed(2)} minor collections a million ticks; the fold alone ${values.foldMicrosPerTick.toFixed(3)} µs a tick`,
  );
}

async function foldMemory(symbols: number, ticks: number, signal: AbortSignal): Promise<FoldMemory> {
  const file = fileURLToPath(new URL('fold-memory.ts', import.meta.url));
  const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning', file, '--symbols', String(symbols), '--ticks', String(ticks)];
  const { stdout } = await run(process.execPath, flags, { signal });
  return JSON.parse(stdout) as FoldMemory;
}
