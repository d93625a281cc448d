/** The loads of `bench load`: steady ones, a share of what the machine carries, and bursts of ten times the mean. */
import { usageError } from '@tapeline/core/errors';
import type { Pace } from './pace.ts';

export interface LoadProfile {
  /** As it is asked for. */
  readonly name: string;
  /** Its mean, from what the machine was measured to carry. */
  readonly meanOf: (carriedPerSecond: number) => number;
  readonly isBursts: boolean;
  /** Whether what the machine carries must be known for it. */
  readonly needsCarried: boolean;
}

/** Of what the machine carries. */
const share = 0.6;
const burstFactor = 10;
const burstSeconds = 1;
/** From one burst to the next; at least ten, so that the rest of the mean is not below nothing. */
const everySeconds = 20;

export const loadProfiles: readonly LoadProfile[] = [
  { name: '10k', meanOf: () => 10_000, isBursts: false, needsCarried: false },
  { name: '100k', meanOf: () => 100_000, isBursts: false, needsCarried: false },
  { name: 'share', meanOf: carried => rounded(carried * share), isBursts: false, needsCarried: true },
  { name: 'bursts-10k', meanOf: () => 10_000, isBursts: true, needsCarried: false },
  { name: 'bursts-share', meanOf: carried => rounded((carried * share) / burstFactor), isBursts: true, needsCarried: true },
];

/** @throws PipelineError `usage` for a name that no profile has; `2000` and `bursts-2000` are profiles too. */
export function loadProfileNamed(name: string): LoadProfile {
  const known = loadProfiles.find(profile => profile.name === name);
  if (known !== undefined) return known;
  const [, bursts, mean] = /^(bursts-)?([1-9]\d{0,6})$/.exec(name) ?? [];
  if (mean !== undefined) return { name, meanOf: () => Number(mean), isBursts: bursts !== undefined, needsCarried: false };
  const names = loadProfiles.map(profile => profile.name).join(', ');
  throw usageError(`"${name}" is not a profile, expected some of ${names}, or ticks a second as 2000 or bursts-2000`);
}

/** Steady, or a second of ten times the mean in each twenty, whose other seconds share what the burst leaves of it. */
export function pacesOf(isBursts: boolean, meanPerSecond: number, seconds: number): readonly Pace[] {
  if (!isBursts) return [{ perSecond: meanPerSecond, seconds }];
  const bursts = Math.max(1, Math.round(seconds / everySeconds));
  const cycle = Math.max(seconds / bursts, burstFactor * burstSeconds);
  const quiet = (meanPerSecond * (cycle - burstFactor * burstSeconds)) / (cycle - burstSeconds);
  const around = { perSecond: Math.round(quiet), seconds: (cycle - burstSeconds) / 2 };
  const burst = { perSecond: meanPerSecond * burstFactor, seconds: burstSeconds };
  return Array.from({ length: bursts }, () => [around, burst, around]).flat();
}

function rounded(perSecond: number): number {
  return Math.max(1_000, Math.floor(perSecond / 1_000) * 1_000);
}
