/** Gives one input to a parser and says what must not have happened. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { reasonOf } from '@tapeline/core/errors';
import type { FuzzedParser } from './fuzzed-parser.ts';

/** What is wrong with how a parser took an input. */
export interface Fault {
  /** The same for the same fault of other inputs: what was thrown and where, without numbers and texts of the input. */
  readonly mark: string;
  /** For people. */
  readonly detail: string;
}

/** CPU time that an input may take. */
const mostCpuMs = 1_000;
/** Memory that an input may leave behind, beside so many times its own size. */
const mostHeldBytes = 64 * 1_048_576;
const heldOfInput = 1_000;

const globals = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype, Promise.prototype];
const ownNames = globals.map(global => Object.getOwnPropertyNames(global).length);

/** The fault that an input shows, or nothing. */
export async function faultOf(parser: FuzzedParser, input: Buffer): Promise<Fault | undefined> {
  const fault = await faultOnce(parser, input);
  if (fault === undefined || !isOfMeasure(fault)) return fault;
  // Garbage of the inputs before, or code that is not compiled yet, is no fault of this one.
  collectGarbage();
  return faultOnce(parser, input);
}

async function faultOnce(parser: FuzzedParser, input: Buffer): Promise<Fault | undefined> {
  const heldBefore = heldBytes();
  const begun = process.threadCpuUsage();
  const begunMs = performance.now();
  try {
    const later = parser.check(input);
    if (later !== undefined) await later;
  } catch (error) {
    return { mark: markOf(error), detail: error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}` };
  }
  if (performance.now() - begunMs > mostCpuMs) {
    const { user, system } = process.threadCpuUsage(begun);
    const cpuMs = (user + system) / 1_000;
    if (cpuMs > mostCpuMs) return { mark: 'slow', detail: `${Math.round(cpuMs)} ms of CPU for ${input.length} bytes` };
  }
  const held = heldBytes() - heldBefore;
  if (held > (parser.mostHeldBytes ?? mostHeldBytes) + heldOfInput * input.length)
    return { mark: 'memory', detail: `${held} bytes held for ${input.length} bytes` };
  return pollution();
}

function isOfMeasure({ mark }: Fault): boolean {
  return mark === 'slow' || mark === 'memory';
}

function heldBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** What everybody inherits is as it was; otherwise it is put right, for the inputs that follow. */
function pollution(): Fault | undefined {
  for (const [index, global] of globals.entries()) {
    const names = Object.getOwnPropertyNames(global);
    if (names.length === ownNames[index]) continue;
    const added = names.slice(ownNames[index]);
    for (const name of added) delete (global as unknown as Record<string, unknown>)[name];
    return { mark: 'pollution', detail: `a prototype that everybody shares got ${added.join(', ')}` };
  }
  return undefined;
}

function markOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  const place = error.stack
    ?.split('\n')
    .find(line => /^\s+at .*\/(core|ingestion|log|stream-processing|database|visualization|standalone|services|simulator)\//.test(line));
  const message = reasonOf(error)
    .replace(/"[^"]*"|'[^']*'/g, '…')
    .replace(/\d+/g, '0')
    .slice(0, error.name === 'Finding' ? 40 : 80);
  return `${error.name}: ${message} ${/\/(\w[\w.-]*\.ts)/.exec(place ?? '')?.[1] ?? ''}`.trim();
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
