/** Draws that a seed decides, so that whatever was drawn can be drawn again. */
import { randomOf as streamOf } from '@tapeline/simulator/market/random';

export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  isOneIn(times: number): boolean;
  /** @throws RangeError for a list without items */
  pick<T>(from: readonly T[]): T;
  /** One of the names, each as often as its share of all shares. */
  weighted<K extends string>(shares: Readonly<Record<K, number>>): K;
}

export function randomOf(seed: number): Random {
  const next = streamOf(seed);
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    whole: (low, high) => low + below(high - low + 1),
    isOneIn: times => below(times) === 0,
    pick: from => {
      const picked = from[below(from.length)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
    weighted: shares => {
      const entries = Object.entries(shares) as [keyof typeof shares, number][];
      let left = next() * entries.reduce((sum, [, share]) => sum + share, 0);
      const found = entries.find(([, share]) => {
        left -= share;
        return left < 0;
      });
      return (found ?? (entries[0] as (typeof entries)[0]))[0];
    },
  };
}
