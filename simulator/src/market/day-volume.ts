/** The volume of the day so far: a function of time that only grows within a day, livelier in some minutes than in others. */
import { mixed, textNumber } from './random.ts';

/** Periods within a day, and how strongly the pace swings with each; together less than 1, so the pace is never negative. */
const swings: readonly (readonly [periods: number, strength: number])[] = [
  [3, 0.25],
  [41, 0.25],
  [577, 0.2],
  [5_003, 0.2],
];

/** Volume since the day's trading began, whole units; `daily` at its end. */
export function dayVolume(seed: number, name: string, daily: number): (timeMs: number, fromMs: number, toMs: number) => number {
  const key = mixed(seed, textNumber(name), 0x766f6c);
  const phases = swings.map(([periods]) => (2 * Math.PI * mixed(key, periods)) / 4_294_967_296);
  return (timeMs, fromMs, toMs) => {
    const passed = Math.min(1, Math.max(0, (timeMs - fromMs) / (toMs - fromMs)));
    const swung = swings.reduce((sum, [periods, strength], i) => {
      const phase = phases[i] ?? 0;
      return sum + (strength * (Math.sin(2 * Math.PI * periods * passed + phase) - Math.sin(phase))) / (2 * Math.PI * periods);
    }, passed);
    return Math.max(0, Math.floor(daily * swung));
  };
}
