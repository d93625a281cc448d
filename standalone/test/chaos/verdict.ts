/** The verdict of a run: what was compared, how long recovery took, and each difference with what a person needs to look further. */
import { type Check, checks, type Difference, type Differences } from './difference.ts';
import type { Journal } from './journal.ts';
import type { AccountTotals } from './log-account.ts';
import { barsMs, type Distribution, isTooLong, type Recoveries, type RecoveryKind } from './recovery.ts';
import type { Schedule } from './schedule.ts';
import type { Compared } from './store-check.ts';

export interface VerdictParts {
  readonly schedule: Schedule;
  readonly seconds: number;
  readonly steps: number;
  readonly notDone: readonly { readonly step: number; readonly why: string }[];
  readonly ends: readonly { readonly name: string; readonly status: number | string; readonly timeMs: number }[];
  readonly totals: AccountTotals;
  readonly acknowledged: number;
  readonly records: number;
  readonly compared: Compared;
  readonly letters: number;
  readonly poison: number;
  readonly checkpoints: number;
  readonly recoveries: Recoveries;
  readonly differences: Differences;
  readonly journal: Journal;
}

export interface Verdict {
  readonly seed: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly steps: number;
  readonly notDone: VerdictParts['notDone'];
  /** Processes that ended although nobody had asked them to; they were started again. */
  readonly ends: readonly {
    readonly name: string;
    readonly status: number | string;
    readonly time: string;
    readonly near: readonly string[];
  }[];
  /** What each check looked at. */
  readonly counts: Readonly<Record<string, number>>;
  readonly recovery: Readonly<Record<RecoveryKind, Distribution>>;
  readonly differences: Readonly<Partial<Record<Check, number>>>;
  /** The first ones of each check, with the steps around them. */
  readonly details: readonly (Difference & { readonly near: readonly string[] })[];
  readonly isPassed: boolean;
}

export function verdictOf(parts: VerdictParts): Verdict {
  const { differences, recoveries, journal, totals, compared, schedule } = parts;
  const kinds = Object.keys(barsMs) as RecoveryKind[];
  const recovery = Object.fromEntries(kinds.map(kind => [kind, recoveries.distribution(kind)])) as Record<RecoveryKind, Distribution>;
  for (const kind of kinds) {
    const tooLong = isTooLong(recovery[kind]);
    if (tooLong === undefined) continue;
    const what = `${tooLong.what} of ${recovery[kind].counted} times ${kind} is too long`;
    differences.add({ check: 'recovery', what, expected: recovery[kind].barMs, found: tooLong.ms });
  }
  return {
    seed: schedule.seed,
    minutes: schedule.minutes,
    seconds: parts.seconds,
    steps: parts.steps,
    notDone: parts.notDone,
    ends: parts.ends.map(({ name, status, timeMs }) => ({
      name,
      status,
      time: new Date(timeMs).toISOString(),
      near: journal.around(timeMs),
    })),
    counts: {
      'prices sent': totals.sent,
      'in the log': totals.inLog,
      'refused by ingesters': totals.refused,
      'in gaps': totals.inGaps,
      'records in the log': parts.records,
      'acknowledged to ingesters': parts.acknowledged,
      bars: compared.bars,
      ticks: compared.ticks,
      alerts: compared.alerts,
      gaps: compared.gaps,
      'latest prices': compared.latest,
      'dead letters': parts.letters,
      poison: parts.poison,
      checkpoints: parts.checkpoints,
    },
    recovery,
    differences: Object.fromEntries(differences.counts),
    details: differences.kept.map(difference => ({
      ...difference,
      near: difference.timeMs === undefined ? [] : journal.around(difference.timeMs),
    })),
    isPassed: differences.total === 0,
  };
}

/** For people. */
export function tableOf(verdict: Verdict): string {
  const { seed, minutes, seconds, steps, counts, recovery, differences, details, ends, notDone, isPassed } = verdict;
  const lines = [
    '',
    `chaos with seed ${seed}: ${steps} steps in ${minutes} minutes (${seconds} s with start and comparison)`,
    '',
    ...Object.entries(counts).map(([name, count]) => `  ${name.padEnd(28)}${String(count).padStart(10)}`),
    '',
    `  ${'recovery'.padEnd(18)}${['counted', 'disturbed', 'p50 ms', 'p99 ms', 'at most'].map(name => name.padStart(11)).join('')}`,
    ...Object.entries(recovery).map(([kind, { counted, disturbed, p50Ms, p99Ms, barMs }]) => {
      return `  ${kind.padEnd(18)}${[counted, disturbed, p50Ms ?? '–', p99Ms ?? '–', barMs].map(value => String(value).padStart(11)).join('')}`;
    }),
    '',
    ...checks.map(check => `  ${check.padEnd(28)}${differenceText(differences[check] ?? 0)}`),
    '',
    ...notDone.map(({ step, why }) => `  step ${step} was left out: ${why}`),
    ...ends.map(
      ({ name, status, time, near }) =>
        `  ${name} ended by itself with ${status} at ${time}${near.map(step => `\n      ${step}`).join('')}`,
    ),
    ...details.flatMap(detail => linesOf(detail)),
    isPassed ? 'passed: nothing differs' : 'FAILED',
  ];
  return `${lines.join('\n')}\n`;
}

function differenceText(count: number): string {
  return count === 0 ? '        ok' : `${String(count).padStart(10)} DIFFERENT`;
}

function linesOf({ check, what, near, ...more }: Verdict['details'][number]): readonly string[] {
  const { timeMs, expected, found, ...place } = more;
  const where = Object.entries(place)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  return [
    `  ${check}: ${what}${where.length > 0 ? ` (${where.join(', ')})` : ''}${timeMs === undefined ? '' : ` at ${new Date(timeMs).toISOString()}`}`,
    ...(expected === undefined ? [] : [`      the log gives  ${typeof expected === 'string' ? expected : JSON.stringify(expected)}`]),
    ...(found === undefined ? [] : [`      found was      ${typeof found === 'string' ? found : JSON.stringify(found)}`]),
    ...near.map(step => `      near it: ${step}`),
  ];
}
