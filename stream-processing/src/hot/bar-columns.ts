/** A bar as one row of doubles: which column is what, and the way from a bar to its row and back. */
import { type Bar, type BarFlag, barFlags, type Indicators } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';

export const openColumn = 0;
export const highColumn = 1;
export const lowColumn = 2;
export const closeColumn = 3;
/** NaN when absent. */
export const volumeColumn = 4;
/** NaN when absent. */
export const vwapColumn = 5;
/** 1 when the VWAP comes from trade sizes, 0 when it is an estimate or absent. */
export const exactColumn = 6;
export const tickCountColumn = 7;
/** NaN when absent. */
export const spreadMeanColumn = 8;
export const startColumn = 9;
export const endColumn = 10;
export const revisionColumn = 11;
export const versionColumn = 12;
/** The first of the twelve indicators, in the order of {@link indicatorNames}; NaN when absent. */
export const indicatorColumn = 13;
/** Bit n is set when the bar has the flag `barFlags[n]`. */
export const flagsColumn = 25;
/** 1 for a final bar, 0 for a forming one. */
export const finalColumn = 26;
/** Index into `intervals`. */
export const intervalColumn = 27;

/** Doubles in a row; a block of bars is rows one after the other. */
export const barStride = 28;

/** The indicators in the order of their columns, which is the order in which the fold (fold/indicators.ts) names them. */
export const indicatorNames = [
  'sma20',
  'bollingerUpper',
  'bollingerLower',
  'ema12',
  'ema26',
  'macd',
  'macdSignal',
  'macdHistogram',
  'rsi14',
  'atr14',
  'momentum10',
  'volatility20',
] as const satisfies readonly (keyof Indicators)[];

/** The bits of {@link flagsColumn}. */
function flagBits(flags: readonly BarFlag[]): number {
  return flags.reduce((bits, flag) => bits | (1 << barFlags.indexOf(flag)), 0);
}

/** Flags of {@link flagsColumn}, in their one order. */
function flagsOfBits(bits: number): readonly BarFlag[] {
  return barFlags.filter((_, index) => (bits & (1 << index)) !== 0);
}

/** Writes a bar into the row that begins at `base`. */
export function storeBar(bar: Bar, columns: Float64Array, base: number): void {
  columns[base + openColumn] = bar.open;
  columns[base + highColumn] = bar.high;
  columns[base + lowColumn] = bar.low;
  columns[base + closeColumn] = bar.close;
  columns[base + volumeColumn] = bar.volume ?? Number.NaN;
  columns[base + vwapColumn] = bar.vwap ?? Number.NaN;
  columns[base + exactColumn] = bar.vwapKind === 'exact' ? 1 : 0;
  columns[base + tickCountColumn] = bar.tickCount;
  columns[base + spreadMeanColumn] = bar.spreadMean ?? Number.NaN;
  columns[base + startColumn] = bar.startMs;
  columns[base + endColumn] = bar.endMs;
  columns[base + revisionColumn] = bar.revision;
  columns[base + versionColumn] = bar.versionUs;
  for (const [index, name] of indicatorNames.entries()) {
    columns[base + indicatorColumn + index] = bar.indicators?.[name] ?? Number.NaN;
  }
  columns[base + flagsColumn] = flagBits(bar.flags);
  columns[base + finalColumn] = bar.state === 'final' ? 1 : 0;
  columns[base + intervalColumn] = intervals.indexOf(bar.interval);
}

/** The bar of the row that begins at `base`, its fields in the order in which the fold sets them. */
export function barOfRow(columns: Float64Array, base: number, symbol: string): Bar {
  const at = (column: number): number => columns[base + column] as number;
  const volume = at(volumeColumn);
  const vwap = at(vwapColumn);
  const spreadMean = at(spreadMeanColumn);
  const indicators = indicatorsOfRow(columns, base);
  return {
    symbol,
    interval: intervals[at(intervalColumn)] as Bar['interval'],
    startMs: at(startColumn),
    endMs: at(endColumn),
    open: at(openColumn),
    high: at(highColumn),
    low: at(lowColumn),
    close: at(closeColumn),
    ...(Number.isNaN(volume) ? {} : { volume }),
    ...(Number.isNaN(vwap) ? {} : { vwap, vwapKind: at(exactColumn) === 1 ? 'exact' : 'estimate' }),
    tickCount: at(tickCountColumn),
    ...(Number.isNaN(spreadMean) ? {} : { spreadMean }),
    state: at(finalColumn) === 1 ? 'final' : 'forming',
    flags: flagsOfBits(at(flagsColumn)),
    revision: at(revisionColumn),
    versionUs: at(versionColumn),
    ...(indicators === undefined ? {} : { indicators }),
  };
}

function indicatorsOfRow(columns: Float64Array, base: number): Indicators | undefined {
  const known: [string, number][] = [];
  for (const [index, name] of indicatorNames.entries()) {
    const value = columns[base + indicatorColumn + index] as number;
    if (!Number.isNaN(value)) known.push([name, value]);
  }
  return known.length === 0 ? undefined : (Object.fromEntries(known) as Indicators);
}
