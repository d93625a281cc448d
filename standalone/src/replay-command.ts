/** `tapeline replay`: the closed bars of a recording on standard output, or the alerts that rules give; progress on standard error. */

import type { AlertRule } from '@tapeline/core/alert-rules';
import type { Bar } from '@tapeline/core/bars';
import type { Configuration } from '@tapeline/core/configuration';
import { counted } from '@tapeline/core/counted';
import { PipelineError } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { readRulesFile } from '@tapeline/stream-processing/alerts/rules-file';
import { headOfAlerts, lineOfAlert } from './alert-lines.ts';
import { type BarFormat, columnsWithState, compareBars, headOf, lineOf, type PrintedBar } from './bar-lines.ts';
import { everySecond, interrupted, print } from './output.ts';
import { type Replay, type ReplayCounts, replay } from './replay.ts';

export interface ReplayCommandOptions {
  readonly path: string;
  readonly interval: Interval;
  readonly format: BarFormat;
  /** Bars that were still open at the end are printed, too, and each line says its state. */
  readonly open?: boolean;
  /** Path of a rules file: alerts are printed in place of bars. */
  readonly rules?: string;
  readonly configuration: Configuration;
  readonly signal: AbortSignal;
}

/** @returns the exit status: 0, or 130 when it was interrupted before its end. */
export async function replayCommand(options: ReplayCommandOptions): Promise<number> {
  const { configuration } = options;
  const begunMs = performance.now();
  const tell = everySecond();
  const rules = options.rules === undefined ? undefined : rulesOf(options.rules, configuration);
  const result = await replay({
    path: options.path,
    interval: options.interval,
    intervals: configuration.BAR_INTERVALS,
    allowedLatenessMs: configuration.ALLOWED_LATENESS_MS,
    correctionHorizonMs: configuration.CORRECTION_HORIZON_MS,
    ...(rules === undefined ? {} : { rules }),
    signal: options.signal,
    progress: soFar => tell(() => `${summaryOf(soFar)} so far, at ${new Date(soFar.timeMs).toISOString()}`),
  });
  if (options.signal.aborted) {
    process.stderr.write('interrupted: nothing is printed, because a part of a recording would look like the whole\n');
    return interrupted;
  }
  if (!(await print(linesOf(result, options), options.signal))) {
    process.stderr.write('interrupted: what was printed is a part\n');
    return interrupted;
  }
  const seconds = ((performance.now() - begunMs) / 1_000).toFixed(1);
  const printed = result.bars.length + (options.open ? result.open.length : 0);
  const madeOf = rules === undefined ? `${counted(printed, 'bar')} of ${options.interval}` : counted(result.alerts.length, 'alert');
  process.stderr.write(`${summaryOf(result)} → ${madeOf} in ${seconds} s${openTold(result, options)}\n`);
  return 0;
}

/** Of bars that were left out. */
function openTold({ open }: Replay, { rules, open: withOpen = false }: ReplayCommandOptions): string {
  return rules !== undefined || withOpen || open.length === 0
    ? ''
    : `; ${counted(open.length, 'more was', 'more were')} still open (--open prints them)`;
}

/** @throws PipelineError `configuration.invalid` with all faults of the file. */
function rulesOf(path: string, { BAR_INTERVALS: intervals }: Configuration): readonly AlertRule[] {
  const { rules, faults } = readRulesFile(path, { intervals });
  if (rules !== undefined) return rules;
  throw new PipelineError('configuration.invalid', [`${path} cannot be used:`, ...faults.map(fault => `  - ${fault}`)].join('\n'), {
    retriable: false,
  });
}

function* linesOf(result: Replay, options: ReplayCommandOptions): Generator<string> {
  const { format, rules } = options;
  if (rules === undefined) return yield* linesOfBars(result, options);
  yield headOfAlerts(format);
  for (const alert of result.alerts) yield lineOfAlert(alert, format);
}

function* linesOfBars({ bars, open }: Replay, { format, open: withOpen = false }: ReplayCommandOptions): Generator<string> {
  const stated = (state: PrintedBar['state']) => (bar: Bar) => ({ ...bar, state });
  const rows = withOpen ? [...bars.map(stated('final')), ...open.map(stated('forming'))].sort(compareBars) : bars;
  const columns = withOpen ? columnsWithState : undefined;
  yield headOf(format, columns);
  for (const bar of rows) yield lineOf(bar, format, columns);
}

function summaryOf(counts: ReplayCounts): string {
  const rest = [counts.refused > 0 ? `, ${counts.refused} refused` : '', counts.repeated > 0 ? `, ${counts.repeated} repeated` : ''].join(
    '',
  );
  return `${counts.ticks} ticks${rest}`;
}
