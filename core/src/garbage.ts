/** How V8 keeps its heap in a process that makes little garbage and is to stay small. */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Both halves of the young part together, from where on it is not to grow. */
const youngBytes = 8 * 1_048_576;
/** V8's own. */
const usualFactor = 2;

/** For every process of the pipeline, before it begins to work. */
export function keepHeapSmall(): void {
  markLate();
  growSlowly();
  keepYoungSmall();
}

/**
 * Has V8 begin to mark the heap when nine tenths of what it may grow are used up, and not as soon as less than the young part's size is
 * left: with a heap as small as ours that is always so, and all of it is marked once a second to find hardly anything. The heap grows
 * no larger for it, and a twentieth of a processor's work is saved.
 */
function markLate(): void {
  setFlagsFromString('--incremental-marking-soft-trigger=90');
  setFlagsFromString('--incremental-marking-hard-trigger=98');
}

/**
 * Has V8 collect the old part as soon as it is half as large again as what was alive in it, and not up to four times as large. Rows that wait
 * for Cassandra outlive the young part and are garbage a moment later: a catch-up kept 100 MB for 30 MB of them. What collecting more often
 * costs is not seen beside the work on a tick.
 */
function growSlowly(): void {
  setFlagsFromString('--heap-growing-percent=50');
}

/**
 * Ends the growth of the young part of the heap at 8 MiB, or at 16 where it grows twice before it is looked at. Otherwise a busy moment
 * has it grow to 128 MiB on a large machine: resident memory in which nearly all objects are garbage. (`--max-semi-space-size` does the
 * same, but only on a command line.) With 2 MiB a catch-up costs a tenth more, with 8 nothing; V8 shrinks it when there is little to do,
 * so it is looked at after each collection.
 */
function keepYoungSmall(): void {
  shrinkYoung();
  let factor = usualFactor;
  const observer = new PerformanceObserver(() => {
    const wanted = youngSize() < youngBytes ? usualFactor : 1;
    if (wanted === factor) return;
    factor = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** Loading the program has had it grow to 16 or 32 MiB, and a process that is busy from then on would keep them. 25 ms. */
function shrinkYoung(): void {
  if (youngSize() <= youngBytes) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void;
  collect({ type: 'major', flavor: 'last-resort' });
}

function youngSize(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0;
}
