/**
 * Figure `soak`: the whole chain under a steady load, looked at every ten seconds; each look is a line of a file, so that what was measured
 * is kept whatever ends the run. Judged is whether memory stays as it is.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type PipelineError, usageError } from '@tapeline/core/errors';
import type { BenchContext } from './bench-context.ts';
import { distributionOf } from './distribution.ts';
import { LoadChain } from './load-chain.ts';
import { freeBytes, needRoom } from './load-leftovers.ts';
import { sampleProcess } from './process-sample.ts';
import { fewestSamples, processesOf, type SoakSample, summaryOf } from './soak-summary.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Ticks a second. */
  readonly rate: number;
  readonly symbols: number;
}

/** The first line of the file: what its samples are of. */
interface SoakHead {
  readonly rate: number;
  readonly symbols: number;
  readonly minutes: number;
}

const sampleMs = 10_000;
const pieceSeconds = 60;
/** So the log stays below 2 GB at 20,000 ticks a second: 2 min and a segment of 128 MiB for each partition. */
const feedRetentionMs = 120_000;
const neededBytes = 10e9;
const leastFreeBytes = 3e9;

export async function measureSoak(context: BenchContext, options: SoakOptions): Promise<void> {
  const { minutes, rate, symbols } = options;
  const wanted = { figure: 'soak', subject: 'the whole chain', round: 1, parameters: { minutes, rate, symbols } };
  if (context.resume && context.results.has(wanted)) return;
  await needRoom(neededBytes, 'a soak', 'give it a folder on another disk');
  const file = samplesFile(context);
  mkdirSync(context.results.folder, { recursive: true });
  rmSync(file, { force: true });
  appendFileSync(file, `${JSON.stringify({ rate, symbols, minutes } satisfies SoakHead)}\n`);
  const chain = await LoadChain.started(context, { symbols, feedRetentionMs });
  let faults: readonly string[] = [];
  try {
    await soaked(context, chain, options);
  } finally {
    await chain.remove();
    if (samplesOf(file).samples.length >= fewestSamples) faults = keepSummary(context);
  }
  refuse(faults);
}

/** Sums up the last soak, whatever ended it. @throws PipelineError `usage` when something was lost or grows */
export function sumUp(context: BenchContext): void {
  refuse(keepSummary(context));
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw usageError(`the soak failed: ${faults.join('; ')}`);
}

/** Keeps the figures of what the file of the last soak holds, and gives what is wrong. */
function keepSummary(context: BenchContext): readonly string[] {
  const { head, samples } = samplesOf(samplesFile(context));
  const { minutes: asked, rate, symbols } = head;
  const values = summaryOf(samples);
  // An interrupted one is another measurement than the whole.
  const minutes = (values.seconds ?? 0) >= asked * 60 - sampleMs / 500 ? asked : Math.floor((values.seconds ?? 0) / 60);
  const command = `npm run bench -- soak --minutes ${minutes} --rate ${rate} --symbols ${symbols}`;
  context.results.add({ figure: 'soak', subject: 'the whole chain', round: 1, parameters: { minutes, rate, symbols }, values, command });
  context.say(`soak, ${minutes} minutes at ${rate}/s: ${values.sent} ticks sent, ${values.lost} lost, lag at most ${values.lagMost}`);
  for (const line of verdictsOf(values)) context.say(line);
  const growing = processesOf(values).filter(({ name, isJudged }) => isJudged && values[`flat ${name}`] !== 1);
  const lost = values.lost === 0 ? [] : [`${values.lost} ticks were lost`];
  return [...lost, ...growing.map(({ name }) => `the memory of ${name} grows`)];
}

/** Each process in a line. */
export function verdictsOf(values: Readonly<Record<string, number>>): readonly string[] {
  const mebibytes = (key: string): string => ((values[key] ?? Number.NaN) / 2 ** 20).toFixed(1);
  return processesOf(values).map(({ name, isJudged }) => {
    const growth = `${mebibytes(`growth ${name}`)} MiB an hour (${mebibytes(`growthLow ${name}`)} to ${mebibytes(`growthHigh ${name}`)})`;
    const verdict = isJudged ? (values[`flat ${name}`] === 1 ? 'flat' : 'GROWS') : 'not judged';
    return `${name}: ${verdict}; RSS ${mebibytes(`rss ${name}`)} MiB, ${growth}; ${values[`sockets ${name}`]} sockets and ${values[`files ${name}`]} files more`;
  });
}

async function soaked(context: BenchContext, chain: LoadChain, { minutes, rate }: SoakOptions): Promise<void> {
  const file = samplesFile(context);
  const processes = [...(await chain.processes()), ...(await context.servers.processes())];
  await chain.drained();
  const [begin, lostBefore] = [chain.progress, chain.run.lost];
  let ackP99Ms: number | undefined;
  const sample = async (): Promise<void> => {
    const { atMs, sent, acked, processed } = chain.progress;
    const progress = {
      atMs: atMs - begin.atMs,
      sent: sent - begin.sent,
      acked: acked - begin.acked,
      processed: processed - begin.processed,
    };
    const used = await Promise.all(processes.map(async process => [process.name, await sampleProcess(process)] as const));
    const disks = await Promise.all(
      Object.entries(context.servers.folders).map(async ([name, folder]) => [name, await bytesIn(folder)] as const),
    );
    const whole: SoakSample = {
      ...progress,
      lost: chain.run.lost - lostBefore,
      ...(ackP99Ms === undefined ? {} : { ackP99Ms }),
      processes: Object.fromEntries(used),
      disks: Object.fromEntries(disks),
    };
    appendFileSync(file, `${JSON.stringify(whole)}\n`);
    context.progress(lineOf(whole, minutes));
    if ((await freeBytes()) < leastFreeBytes) throw diskFull();
  };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const timer = setInterval(() => void sample().catch(failed.reject), sampleMs);
  try {
    for (let left = minutes * 60; left > 0; left -= pieceSeconds) {
      const piece = chain.run.sendAt(rate, Math.min(pieceSeconds, left));
      const { p99 } = distributionOf(await Promise.race([piece, failed.promise, chain.failed]));
      // After a loss, counts of sent and acknowledged ticks no longer tell which is which.
      ackP99Ms = chain.run.lost === 0 ? p99 : undefined;
    }
    await sample();
  } finally {
    clearInterval(timer);
  }
}

function samplesFile({ results }: BenchContext): string {
  return join(results.folder, 'soak-samples.lines');
}

/** A line that was cut off is left out. @throws PipelineError `usage` when there is no soak. */
function samplesOf(file: string): { readonly head: SoakHead; readonly samples: readonly SoakSample[] } {
  const [head, ...samples] = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  if (head === undefined) throw usageError(`there is no soak in ${file}, expected one: run soak first`);
  return { head: JSON.parse(head) as SoakHead, samples: samples.map(line => JSON.parse(line) as SoakSample) };
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  // Files come and go.
  const sizes = entries.map(entry =>
    entry.isFile()
      ? stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        )
      : 0,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function lineOf({ atMs, acked, processed, lost, processes }: SoakSample, minutes: number): string {
  const memory = Object.entries(processes).map(([name, { residentBytes }]) => `${name} ${Math.round(residentBytes / 2 ** 20)}`);
  return `soak: ${(atMs / 60_000).toFixed(1)} of ${minutes} min; lag ${acked - processed}, lost ${lost}; MiB: ${memory.join(', ')}`;
}

function diskFull(): PipelineError {
  const message = `less than ${leastFreeBytes / 1e9} GB of disk are free: the soak ends here, with what it has measured; make room and start it again`;
  return usageError(message);
}
