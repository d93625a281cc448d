/**
 * Figure `load-capacity`: how many ticks a second the whole chain carries on this machine, all of its processes on the same cores. The rate
 * is raised by half until what waits grows or something is lost, then narrowed down to a tenth.
 */
import type { BenchContext } from './bench-context.ts';
import { type ChainProgress, LoadChain } from './load-chain.ts';
import { slopeOf } from './soak-slope.ts';

export interface CapacityOptions {
  readonly symbols: number;
  /** Of each step. */
  readonly seconds: number;
}

/** What a step at one rate showed. */
export interface CapacityStep {
  readonly perSecond: number;
  readonly lost: number;
  /** Ticks more each second that were sent and are not processed, in the second half of the step. */
  readonly growthPerSecond: number;
  /** From the last one sent to its result. */
  readonly behindSeconds: number;
}

const firstPerSecond = 20_000;
const raise = 1.5;
const closeEnough = 1.1;
/** More than the price server can be asked for. */
const mostPerSecond = 2_000_000;
const growthShare = 0.05;
const mostBehindSeconds = 2;
/** What was read may go: a step that is too fast would fill the disk. */
const feedRetentionMs = 30_000;

/** Whether the chain kept up. */
export function isCarried({ perSecond, lost, growthPerSecond, behindSeconds }: CapacityStep): boolean {
  return lost === 0 && growthPerSecond <= perSecond * growthShare && behindSeconds <= mostBehindSeconds;
}

/** The rate to try next; absent when what is carried is known well enough. */
export function nextRate(steps: readonly CapacityStep[]): number | undefined {
  const carried = Math.max(0, ...steps.filter(isCarried).map(({ perSecond }) => perSecond));
  const refused = Math.min(...steps.filter(step => !isCarried(step)).map(({ perSecond }) => perSecond));
  if (steps.length === 0) return firstPerSecond;
  if (refused === Number.POSITIVE_INFINITY) return carried >= mostPerSecond ? undefined : Math.round(carried * raise);
  if (carried === 0) return refused > 1_000 ? Math.round(refused / 2) : undefined;
  return refused / carried <= closeEnough ? undefined : Math.round(Math.sqrt(refused * carried) / 100) * 100;
}

/** @returns ticks a second; of the results when they hold it already and `resume` is asked for */
export async function measureCapacity(context: BenchContext, { symbols, seconds }: CapacityOptions): Promise<number> {
  const wanted = { figure: 'load-capacity', subject: 'the whole chain', round: 1, parameters: { symbols, seconds } };
  const known = context.results.all().findLast(result => result.figure === wanted.figure && result.parameters.symbols === symbols);
  if (context.resume && known?.values.carriedPerSecond !== undefined) return known.values.carriedPerSecond;
  const steps: CapacityStep[] = [];
  const chain = await LoadChain.started(context, { symbols, feedRetentionMs });
  try {
    for (let rate = nextRate(steps); rate !== undefined; rate = nextRate(steps)) {
      const step = await stepAt(context, chain, rate, seconds);
      steps.push(step);
      const grows = `what waits grows by ${Math.round(step.growthPerSecond)} a second, ${step.behindSeconds.toFixed(1)} s behind at the end`;
      context.say(`${rate} ticks/s: ${isCarried(step) ? 'carried' : 'too many'}; ${grows}, ${step.lost} lost`);
    }
  } finally {
    await chain.remove();
  }
  const carriedPerSecond = Math.max(0, ...steps.filter(isCarried).map(({ perSecond }) => perSecond));
  const first = steps.filter(step => !isCarried(step)).sort((a, b) => a.perSecond - b.perSecond)[0];
  const values = {
    carriedPerSecond,
    steps: steps.length,
    ...(first === undefined ? {} : { tooManyPerSecond: first.perSecond, lostThere: first.lost, behindThereSeconds: first.behindSeconds }),
  };
  const command = `npm run bench -- load --profiles share --symbols ${symbols}`;
  context.results.add({ ...wanted, values, command });
  context.say(`this machine carries ${carriedPerSecond} ticks/s through the whole chain`);
  return carriedPerSecond;
}

async function stepAt(context: BenchContext, chain: LoadChain, perSecond: number, seconds: number): Promise<CapacityStep> {
  const seen: ChainProgress[] = [];
  const lostBefore = chain.run.lost;
  chain.onProgress = progress => {
    seen.push(progress);
    context.progress(`capacity, ${perSecond} ticks/s: ${progress.sent - progress.processed} wait`);
  };
  let overMs = 0;
  await chain.run.sendAt(perSecond, seconds, () => {
    overMs = performance.now();
    chain.onProgress = undefined;
  });
  await chain.drained();
  const behindSeconds = (performance.now() - overMs) / 1_000;
  const half = seen.slice(seen.length / 2).map(({ atMs, sent, processed }) => ({ atMs, value: sent - processed }));
  return { perSecond, lost: chain.run.lost - lostBefore, growthPerSecond: slopeOf(half).perSecond, behindSeconds };
}
