/** Open bars for screens: open windows of an interval with what is open below them merged in; copies that change nothing. */
import type { Bar } from '@tapeline/core/bars';
import { roundDerived } from '@tapeline/core/derived-values';
import { intervals } from '@tapeline/core/intervals';
import { type Level, realStartMs, windowOf } from '../fold/levels.ts';
import {
  barOfRow,
  barStride,
  closeColumn,
  endColumn,
  exactColumn,
  finalColumn,
  flagsColumn,
  highColumn,
  indicatorColumn,
  intervalColumn,
  lowColumn,
  openColumn,
  revisionColumn,
  spreadMeanColumn,
  startColumn,
  tickCountColumn,
  versionColumn,
  volumeColumn,
  vwapColumn,
} from './bar-columns.ts';
import type { FoldEngine } from './fold-engine.ts';
import { dayText } from './trading-days.ts';
import {
  addPart,
  beginWithPart,
  closeAt,
  dayAt,
  dayEndAt,
  endAt,
  estimatedAt,
  flagsAt,
  highAt,
  lowAt,
  openAt,
  revisionAt,
  spreadCountAt,
  spreadSumAt,
  startAt,
  tickCountAt,
  turnoverAt,
  volumeAt,
  windowStride,
} from './window-row.ts';

export interface OpenBarsOptions {
  readonly symbol: string;
  readonly slot: number;
  readonly level: number;
  readonly levels: readonly Level[];
  readonly engine: FoldEngine;
}

/** The open bars of a symbol on a level, oldest first. */
export function openBars(options: OpenBarsOptions): Bar[] {
  const columns = new Float64Array(barStride);
  return openWindows(options, options.level).map(window => {
    writeBar(columns, window);
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
    if (whole !== undefined) addPart(whole, part);
    else open.push(begun(part, span, options.engine.functions.coverageFlags(options.slot, realStartMs(interval, span), span.endMs)));
  }
  return open.sort((a, b) => (a[startAt] as number) - (b[startAt] as number));
}

function ownWindows({ slot, engine }: OpenBarsOptions, level: number): Float64Array[] {
  const { functions } = engine;
  const windows: Float64Array[] = [];
  for (let row = functions.oldestOpen(functions.openList(slot, level)); row !== 0; row = functions.newerOpen(row)) {
    const at = functions.openWindowAt(level, row) / 8;
    windows.push(engine.numbers.slice(at, at + windowStride));
  }
  return windows;
}

function begun(part: Float64Array, span: { readonly startMs: number; readonly endMs: number }, flags: number): Float64Array {
  const window = new Float64Array(windowStride);
  beginWithPart(window, part);
  window[startAt] = span.startMs;
  window[endAt] = span.endMs;
  window[flagsAt] = flags;
  return window;
}

/** The numbers of a window as those of a forming bar, which has no indicators. */
function writeBar(columns: Float64Array, window: Float64Array): void {
  const at = (column: number): number => window[column] as number;
  const volume = at(volumeAt);
  const isTraded = volume > 0;
  columns[openColumn] = at(openAt);
  columns[highColumn] = at(highAt);
  columns[lowColumn] = at(lowAt);
  columns[closeColumn] = at(closeAt);
  columns[volumeColumn] = volume;
  columns[vwapColumn] = isTraded ? roundDerived(at(turnoverAt) / volume) : Number.NaN;
  columns[exactColumn] = isTraded && at(estimatedAt) === 0 ? 1 : 0;
  columns[tickCountColumn] = at(tickCountAt);
  columns[spreadMeanColumn] = at(spreadCountAt) === 0 ? Number.NaN : roundDerived(at(spreadSumAt) / at(spreadCountAt));
  columns[startColumn] = at(startAt);
  columns[endColumn] = at(endAt);
  columns[revisionColumn] = at(revisionAt);
  columns[flagsColumn] = at(flagsAt);
  columns.fill(Number.NaN, indicatorColumn, indicatorColumn + 12);
  columns[finalColumn] = 0;
  columns[versionColumn] = 0;
}
