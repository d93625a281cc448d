/** Open bars for screens: open windows of an interval with what is open below them merged in; copies that change nothing. */
import type { Bar } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import { type Level, realStartMs, windowOf } from '../fold/levels.ts';
import { barOfRow, barStride, finalColumn, intervalColumn, versionColumn } from './bar-columns.ts';
import type { CoverageRows } from './coverage-rows.ts';
import { none } from './growing.ts';
import { type SymbolWindows, writeBar } from './symbol-windows.ts';
import { dayText } from './trading-days.ts';
import {
  addPart,
  beginWithPart,
  closedStride,
  dayAt,
  dayEndAt,
  endAt,
  flagsAt,
  indicatorsAt,
  startAt,
  windowStride,
} from './window-row.ts';

export interface OpenBarsOptions {
  readonly symbol: string;
  readonly slot: number;
  readonly level: number;
  readonly levels: readonly Level[];
  readonly windows: SymbolWindows;
  readonly coverage: CoverageRows;
}

/** The open bars of a symbol on a level, oldest first. */
export function openBars(options: OpenBarsOptions): Bar[] {
  const columns = new Float64Array(barStride);
  return openWindows(options, options.level).map(window => {
    writeBar(columns, 0, window);
    columns[finalColumn] = 0;
    columns[versionColumn] = 0;
    columns[intervalColumn] = intervals.indexOf((options.levels[options.level] as Level).interval);
    return barOfRow(columns, 0, options.symbol);
  });
}

function openWindows(options: OpenBarsOptions, level: number): Float64Array[] {
  const { interval, source } = options.levels[level] as Level;
  const open = ownWindows(options, level);
  if (source === undefined) return open;
  for (const part of openWindows(options, source)) {
    const span = windowOf(interval, part[startAt] as number, dayText(part[dayAt] as number), part[dayEndAt] as number);
    const whole = open.find(window => window[startAt] === span.startMs);
    if (whole !== undefined) addPart(whole, 0, part, 0);
    else open.push(begun(part, span, options.coverage.flags(options.slot, realStartMs(interval, span), span.endMs)));
  }
  return open.sort((a, b) => (a[startAt] as number) - (b[startAt] as number));
}

function ownWindows(options: OpenBarsOptions, level: number): Float64Array[] {
  const { open } = options.windows;
  const windows: Float64Array[] = [];
  for (let row = open.oldest(options.slot * options.levels.length + level); row !== none; row = open.newer(row)) {
    const window = new Float64Array(closedStride).fill(Number.NaN, indicatorsAt);
    window.set(open.rows.subarray(row * windowStride, (row + 1) * windowStride));
    windows.push(window);
  }
  return windows;
}

function begun(part: Float64Array, span: { readonly startMs: number; readonly endMs: number }, flags: number): Float64Array {
  const window = new Float64Array(closedStride).fill(Number.NaN, indicatorsAt);
  beginWithPart(window, 0, part, 0);
  window[startAt] = span.startMs;
  window[endAt] = span.endMs;
  window[flagsAt] = flags;
  return window;
}
