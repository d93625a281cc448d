/**
 * A geometric random walk that can be asked for its value at any moment, without having walked there: each span of time is halved
 * again and again, and the middle of a span is the mean of its ends plus noise that seed, symbol and place decide (Lévy's
 * construction of Brownian motion). So a market that is started again goes on where it would have been. Over the largest span
 * (25 days) the walk returns to its base, so that prices stay plausible for ever.
 */
import { mixed, normalAt, textNumber } from './random.ts';

const rootMs = 2 ** 31;
const leafMs = 2 ** 6;
const levels = 25;
const yearMs = 365.25 * 86_400_000;

/** Logarithm of price ÷ base price, by time. */
export type PricePath = (timeMs: number) => number;

/** A span of the walk with the values at its ends. */
interface Span {
  index: number;
  left: number;
  right: number;
}

/** The walk of one instrument. It remembers the spans around the last moment, so near moments cost little. */
export function pricePath(seed: number, name: string, annualVolatility: number): PricePath {
  const key = mixed(seed, textNumber(name));
  const spans: Span[] = Array.from({ length: levels + 1 }, () => ({ index: -1, left: 0, right: 0 }));
  const rootDeviation = annualVolatility * Math.sqrt(rootMs / yearMs / 2);
  const rootValue = (index: number): number => rootDeviation * normalAt(key, 0, index);

  return timeMs => {
    for (let level = 0; level <= levels; level += 1) {
      const lengthMs = rootMs / 2 ** level;
      const index = Math.floor(timeMs / lengthMs);
      const span = spans[level] as Span;
      if (span.index === index) continue;
      span.index = index;
      if (level === 0) {
        span.left = rootValue(index);
        span.right = rootValue(index + 1);
        continue;
      }
      const parent = spans[level - 1] as Span;
      const deviation = annualVolatility * Math.sqrt(lengthMs / yearMs / 2);
      const middle = (parent.left + parent.right) / 2 + deviation * normalAt(key, level, parent.index);
      span.left = index % 2 === 0 ? parent.left : middle;
      span.right = index % 2 === 0 ? middle : parent.right;
    }
    const leaf = spans[levels] as Span;
    return leaf.left + (leaf.right - leaf.left) * ((timeMs % leafMs) / leafMs);
  };
}
