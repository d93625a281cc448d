/** What rules see in a bar as it closes: a value, its bound, and whether it is beyond or back behind it. */
import type { BarReading, BarRule, CrossRule, LevelRule, MoveRule, VolumeRule } from '@tapeline/core/alert-rules';
import type { Bar } from '@tapeline/core/bars';
import { roundDerived } from '@tapeline/core/derived-values';
import { durationMs } from '@tapeline/core/durations';
import type { WatchState } from './watch-state.ts';

export interface Reading {
  readonly value: number;
  /** In the same unit. */
  readonly threshold: number;
  readonly isBeyond: boolean;
  /** Back behind the bound by the hysteresis; never together with `isBeyond`. */
  readonly isBack: boolean;
}

/** Takes the next closed bar into the state; `undefined` when it tells nothing, as an indicator that is not known yet. */
export function readBar(rule: BarRule, state: WatchState, bar: Bar): Reading | undefined {
  switch (rule.condition) {
    case 'level':
      return readLevel(rule, bar);
    case 'volatility':
      return above(readingOf(bar, rule.of), rule.above, rule.hysteresis);
    case 'cross':
      return readCross(rule, bar);
    case 'drop':
    case 'spike':
      return readMove(rule, state, bar);
    case 'volume':
      return readVolume(rule, state, bar);
  }
}

function readLevel(rule: LevelRule, bar: Bar): Reading | undefined {
  const value = readingOf(bar, rule.of);
  if (rule.above !== undefined) return above(value, rule.above, rule.hysteresis);
  if (rule.below === undefined || value === undefined) return undefined;
  const threshold = rule.below;
  return { value, threshold, isBeyond: value <= threshold, isBack: value > threshold + rule.hysteresis };
}

function readCross({ fast, slow, direction, hysteresis }: CrossRule, bar: Bar): Reading | undefined {
  const value = readingOf(bar, fast);
  const threshold = readingOf(bar, slow);
  if (value === undefined || threshold === undefined) return undefined;
  const lead = direction === 'over' ? value - threshold : threshold - value;
  return { value, threshold, isBeyond: lead > 0, isBack: lead <= -hysteresis };
}

function readMove(rule: MoveRule, state: WatchState, bar: Bar): Reading {
  const isDrop = rule.condition === 'drop';
  const extreme = isDrop ? bar.high : bar.low;
  const afterMs = bar.endMs - durationMs(rule.window);
  // A bar that a later one outdoes can never be the extreme again.
  const kept = (state.extremes ?? []).filter(([endMs, price]) => endMs > afterMs && (isDrop ? price > extreme : price < extreme));
  kept.push([bar.endMs, extreme]);
  state.extremes = kept;
  const [[, from]] = kept as [[number, number]];
  const percent = roundDerived((100 * (isDrop ? from - bar.close : bar.close - from)) / from);
  return above(percent, rule.percent, rule.hysteresis);
}

function readVolume(rule: VolumeRule, state: WatchState, { volume }: Bar): Reading | undefined {
  if (volume === undefined || rule.times === undefined) return above(volume, rule.above ?? 0, rule.hysteresis);
  const before = state.volumes ?? [];
  state.volumes = [...before, volume].slice(-rule.bars);
  const mean = before.reduce((sum, each) => sum + each, 0) / rule.bars;
  if (before.length < rule.bars || mean === 0) return undefined;
  return above(roundDerived(volume / mean), rule.times, rule.hysteresis);
}

function above(value: number, threshold: number, hysteresis: number): Reading;
function above(value: number | undefined, threshold: number, hysteresis: number): Reading | undefined;
function above(value: number | undefined, threshold: number, hysteresis: number): Reading | undefined {
  if (value === undefined) return undefined;
  return { value, threshold, isBeyond: value >= threshold, isBack: value < threshold - hysteresis };
}

function readingOf(bar: Bar, reading: BarReading): number | undefined {
  switch (reading) {
    case 'close':
    case 'high':
    case 'low':
    case 'vwap':
      return bar[reading];
    default:
      return bar.indicators?.[reading];
  }
}
