/** `tapeline replay`: the bars of a recording on standard output, progress on standard error. */
import { once } from 'node:events';
import type { Configuration } from '@tapeline/core/configuration';
import type { Interval } from '@tapeline/core/intervals';
import { type BarFormat, headOf, lineOf } from './bar-lines.ts';
import { type ReplayCounts, replay } from './replay.ts';

export interface ReplayCommandOptions {
  readonly path: string;
  readonly interval: Interval;
  readonly format: BarFormat;
  readonly configuration: Configuration;
  readonly signal: AbortSignal;
}

/** @returns the exit status: 0, or 130 when it was interrupted before its end. */
export async function replayCommand(options: ReplayCommandOptions): Promise<number> {
  const { configuration } = options;
  const begunMs = performance.now();
  const result = await replay({
    path: options.path,
    interval: options.interval,
    intervals: configuration.BAR_INTERVALS,
    allowedLatenessMs: configuration.ALLOWED_LATENESS_MS,
    correctionHorizonMs: configuration.CORRECTION_HORIZON_MS,
    signal: options.signal,
    progress: progressEverySecond(),
  });
  if (options.signal.aborted) {
    process.stderr.write('interrupted: no bars are printed, because a part of a recording would look like the whole\n');
    return 130;
  }
  await print(headOf(options.format));
  for (const bar of result.bars) await print(lineOf(bar, options.format));
  const seconds = ((performance.now() - begunMs) / 1_000).toFixed(1);
  process.stderr.write(`${summaryOf(result)} → ${result.bars.length} bars of ${options.interval} in ${seconds} s\n`);
  return 0;
}

/** Writes as fast as the reader takes it. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function progressEverySecond(): (soFar: ReplayCounts) => void {
  let nextMs = performance.now() + 1_000;
  let calls = 0;
  return soFar => {
    calls += 1;
    if (calls % 1_024 !== 0 || performance.now() < nextMs) return;
    nextMs = performance.now() + 1_000;
    process.stderr.write(`${summaryOf(soFar)} so far, at ${new Date(soFar.timeMs).toISOString()}\n`);
  };
}

function summaryOf(counts: ReplayCounts): string {
  const rest = [counts.refused > 0 ? `, ${counts.refused} refused` : '', counts.repeated > 0 ? `, ${counts.repeated} repeated` : ''].join(
    '',
  );
  return `${counts.ticks} ticks${rest}`;
}
