/** A run: parser after parser in a thread of its own, with what it finds made small and kept, and all of it counted. */
import type { FuzzedParser } from './fuzzed-parser.ts';
import { inputOf } from './inputs.ts';
import { minimised } from './minimise.ts';
import { ParserThread, type SeenFault } from './parser-thread.ts';
import { isKept, keepRegression } from './regressions.ts';
import type { Totals } from './totals.ts';

export interface FuzzOptions {
  readonly parsers: readonly FuzzedParser[];
  /** When a run is resumed, in all. */
  readonly inputsOf: (parser: FuzzedParser) => number;
  readonly seed: number;
  readonly minutes: number | undefined;
  readonly resume: boolean;
  /** Where the run is counted; without it, it is not, and nothing is kept. */
  readonly totals: Totals | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** A part is counted after so long: a kill loses no more. */
const partMs = 15_000;
/** Smaller inputs that hang are looked for with less patience. */
const shortHangMs = 3_000;
const mostHangTries = 24;

/** @returns how many faults were seen */
export async function fuzz(options: FuzzOptions): Promise<number> {
  const { parsers, seed, minutes, say, signal } = options;
  say(`seed ${seed}`);
  const thread = new ParserThread();
  signal.addEventListener('abort', () => thread.stop());
  const untilMs = minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
  let faults = 0;
  try {
    for (const [place, parser] of parsers.entries()) {
      if (signal.aborted) break;
      const nowMs = performance.now();
      faults += await fuzzParser(parser, { ...options, thread, untilMs: nowMs + (untilMs - nowMs) / (parsers.length - place) });
    }
  } finally {
    await thread.close();
  }
  say(
    faults === 0
      ? 'nothing was found'
      : `${faults} inputs showed a fault: npm run fuzz -- --parser <name> --seed ${seed} --index <number> shows one`,
  );
  return faults;
}

interface ParserRun extends FuzzOptions {
  readonly thread: ParserThread;
  readonly untilMs: number;
}

async function fuzzParser(parser: FuzzedParser, run: ParserRun): Promise<number> {
  const { seed, totals, thread, signal, untilMs, say } = run;
  const { name } = parser;
  let next = run.resume ? (totals?.nextIndex(name, seed) ?? 0) : 0;
  const to = run.resume ? next + Math.max(0, run.inputsOf(parser) - (totals?.of(name).inputs ?? 0)) : run.inputsOf(parser);
  const from = next;
  const begunMs = performance.now();
  let faults = 0;
  const seen: SeenFault[] = [];
  while (next < to && !signal.aborted && performance.now() < untilMs) {
    const partBegunMs = performance.now();
    const mostMs = Math.min(partMs, untilMs - partBegunMs);
    const outcome = await thread.run({ kind: 'inputs', parser: name, seed, from: next, to, mostMs }, fault => seen.push(fault));
    const seconds = (performance.now() - partBegunMs) / 1_000;
    const end = Math.min(outcome.next, to);
    if (outcome.ended !== undefined) seen.push({ index: end - 1, input: inputOf(parser, seed, end - 1), fault: outcome.ended });
    totals?.add({ parser: name, seed, from: next, to: end, faults: outcome.faults, seconds, at: new Date().toISOString() });
    faults += outcome.faults;
    next = end;
    for (const fault of seen.splice(0)) if (!signal.aborted) await keep(parser, fault, run);
    if (performance.now() - begunMs > partMs) say(progressLine(name, { done: next - from, of: to - from, faults, begunMs }));
  }
  say(progressLine(name, { done: next - from, of: to - from, faults, begunMs }));
  return faults;
}

/** Makes the input small and keeps it. */
async function keep({ name }: FuzzedParser, { index, input, fault }: SeenFault, { seed, totals, signal, say }: ParserRun): Promise<void> {
  say(`  ${name} ${index}: ${fault.mark}`);
  if (totals === undefined) return say(`    ${fault.detail.split('\n').slice(0, 6).join('\n    ')}`);
  if (isKept(name, fault.mark)) return;
  const ends = fault.mark === 'hang' || fault.mark.startsWith('the thread ended');
  const thread = new ParserThread(shortHangMs);
  try {
    const shows = async (smaller: Buffer) =>
      !signal.aborted && (await thread.run({ kind: 'input', parser: name, input: smaller })).fault?.mark === fault.mark;
    const small = await minimised(input, shows, ends ? mostHangTries : undefined);
    const kept = keepRegression({ parser: name, input: small, found: foundText(fault), seed, index }, fault.mark);
    if (kept !== undefined) say(`    kept as fuzz/regressions/${name}/${kept}.input, ${small.length} bytes`);
  } finally {
    await thread.close();
  }
}

function foundText({ mark, detail }: SeenFault['fault']): string {
  const [first = mark] = detail.split('\n');
  return first.slice(0, 400);
}

function progressLine(name: string, { done, of, faults, begunMs }: { done: number; of: number; faults: number; begunMs: number }): string {
  const seconds = (performance.now() - begunMs) / 1_000;
  const rate = seconds > 0 ? Math.round(done / seconds) : 0;
  return `${name.padEnd(24)} ${done.toLocaleString('en')} of ${of.toLocaleString('en')} inputs, ${seconds.toFixed(1)} s (${rate.toLocaleString('en')}/s), ${faults} faults`;
}
