/** How long partitions were without results when their processor was killed, or all were replaced one by one: as one who reads the store sees it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Standstill } from '../../../ingestion/test/fencing/standstill.ts';
import type { ResultTimes } from '../support/result-times.ts';
import type { Journal } from './journal.ts';
import type { Kind, Step } from './schedule.ts';

export type RecoveryKind = 'kill' | 'rolling restart';

export interface Sample {
  readonly kind: RecoveryKind;
  readonly step: number;
  readonly ms: number;
  /** How long the machine kept the harness itself waiting meanwhile: a bound on time holds for a machine that runs. */
  readonly lostMs: number;
  /** Another fault was at work: such a sample says nothing of a processor's own recovery. */
  readonly isDisturbed: boolean;
  readonly timeMs: number;
}

export interface Distribution {
  /** Samples that count, and those that another fault disturbed. */
  readonly counted: number;
  readonly disturbed: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** What p99 is to be at most; of few samples their median, for the greatest of a few says more of the machine. */
  readonly barMs: number;
}

/** Fewer have no p99. */
const fewestOfP99 = 20;

/** Whether the bar is missed, and by what. */
export function isTooLong({ counted, p50Ms, p99Ms, barMs }: Distribution): { readonly what: string; readonly ms: number } | undefined {
  const [what, ms] = counted < fewestOfP99 ? (['median', p50Ms] as const) : (['p99', p99Ms] as const);
  return ms === undefined || ms <= barMs ? undefined : { what, ms };
}

export const barsMs: Readonly<Record<RecoveryKind, number>> = { kill: 7_000, 'rolling restart': 1_000 };

const harmless: readonly Kind[] = ['poison', 'change-rules'];
const deadlineMs = 30_000;
/** After the first results; what was under way may have come after the end itself. */
const settleMs = 1_500;

export class Recoveries {
  readonly samples: Sample[] = [];
  readonly #results: ResultTimes;
  readonly #journal: Journal;
  readonly #standstill = new Standstill();

  constructor(results: ResultTimes, journal: Journal) {
    this.#results = results;
    this.#journal = journal;
  }

  /**
   * Waits until each partition has results again.
   * @param fromMs by `performance.now()`, when it was done
   */
  async measure(kind: RecoveryKind, step: Step, partitions: readonly number[], fromMs: number): Promise<void> {
    if (partitions.length === 0) return;
    const begunMs = Date.now() - (performance.now() - fromMs);
    await sleep(settleMs);
    const endMs = performance.now() + deadlineMs;
    const since = performance.now() - 500;
    while (performance.now() < endMs && !this.#haveSpoken(partitions, fromMs, since)) await sleep(100);
    const untilMs = performance.now();
    const silences = partitions.map(partition => this.#results.silenceMs(partition, fromMs, since, untilMs) ?? untilMs - fromMs);
    const others = this.#journal.others(step, begunMs - 2_000, Date.now(), harmless);
    const ms = Math.round(Math.max(...silences));
    const lostMs = this.#standstill.since(fromMs);
    const sample = { kind, step: step.step, ms, lostMs, isDisturbed: others.length > 0, timeMs: begunMs };
    this.samples.push(sample);
    this.#journal.note({ recovery: sample, partitions });
  }

  stop(): void {
    this.#standstill.stop();
  }

  /** Of the times that are the processors' own. */
  distribution(kind: RecoveryKind): Distribution {
    const own = this.samples.filter(sample => sample.kind === kind);
    const counted = own
      .filter(({ isDisturbed }) => !isDisturbed)
      .map(({ ms, lostMs }) => Math.max(0, ms - lostMs))
      .toSorted((a, b) => a - b);
    const at = (share: number): number | undefined => counted[Math.ceil(share * counted.length) - 1];
    return { counted: counted.length, disturbed: own.length - counted.length, p50Ms: at(0.5), p99Ms: at(0.99), barMs: barsMs[kind] };
  }

  #haveSpoken(partitions: readonly number[], fromMs: number, since: number): boolean {
    return partitions.every(partition => this.#results.silenceMs(partition, fromMs, since) !== undefined);
  }
}
