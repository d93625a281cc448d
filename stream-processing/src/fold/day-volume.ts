/** Volume out of the vendor's cumulative `dayVolume`: DESIGN.md §3, row `volume`. */
import type { Tick } from '@tapeline/core/records';
import type { VolumeStep } from './window.ts';

/** What the next value of a symbol is compared with. */
export interface VolumeBaseline {
  readonly dayVolume: number;
  readonly feed: string;
  readonly session: number;
  readonly tradingDay: string;
  /** The latest `timeMs` among the ticks that set a baseline of this session. */
  readonly timeMs: number;
}

export interface VolumeReading {
  readonly baseline: VolumeBaseline | undefined;
  /** What the tick adds; `undefined` when it could not be compared. */
  readonly step: VolumeStep | undefined;
}

/**
 * Reads the volume that a tick shows.
 * - a trade's own size counts as it is
 * - the first cumulative value of a session is only a baseline: what was traded before belongs to the gap
 * - a straggler of a former trading day tells nothing of this one
 * - a decrease is a new day when the trading day advanced, an old tick when it is older than the baseline, else a correction
 */
export function readVolume(tick: Tick, baseline: VolumeBaseline | undefined): VolumeReading {
  if (tick.size !== undefined) return { baseline, step: { volume: tick.size, exact: true } };
  if (tick.dayVolume === undefined) return { baseline, step: undefined };
  const { dayVolume, feed, session, tradingDay, timeMs } = tick;
  const next = { dayVolume, feed, session, tradingDay, timeMs };
  if (baseline === undefined || baseline.feed !== feed || baseline.session !== session) return { baseline: next, step: undefined };
  if (tick.tradingDay < baseline.tradingDay) return { baseline, step: counted(0) };
  const latest = { ...next, timeMs: Math.max(baseline.timeMs, tick.timeMs) };
  if (tick.dayVolume >= baseline.dayVolume) return { baseline: latest, step: counted(tick.dayVolume - baseline.dayVolume) };
  if (tick.tradingDay > baseline.tradingDay) return { baseline: latest, step: counted(tick.dayVolume) };
  if (tick.timeMs < baseline.timeMs) return { baseline, step: counted(0) };
  return { baseline: latest, step: counted(0) };
}

function counted(volume: number): VolumeStep {
  return { volume, exact: false };
}
