/** Measures what the fold of the processors keeps of a symbol: bytes of memory and of a snapshot, and how fast it is. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface SymbolMemory {
  readonly memoryBytes: number;
  readonly snapshotBytes: number;
  readonly ticksPerSecond: number;
}

const program = fileURLToPath(new URL('symbol-memory-process.ts', import.meta.url));

/** Folds a tick a second of each symbol for so long. */
export async function measureSymbolMemory(symbols: number, seconds: number): Promise<SymbolMemory> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, `${symbols}`, `${seconds}`]);
  return JSON.parse(stdout) as SymbolMemory;
}
