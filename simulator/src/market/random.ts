/** Randomness that a seed decides: a stream of numbers, and noise that belongs to a place in time. */

/** A number in [0, 1). */
export type Random = () => number;

/** Mixes whole numbers of any size into 32 bits, so that neighbours differ in about half of them. */
export function mixed(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = scrambled(hash ^ (part >>> 0));
    hash = scrambled(hash ^ Math.floor(part / 4_294_967_296));
  }
  return hash;
}

/** The number of a text, for `mixed`. */
export function textNumber(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = scrambled(hash ^ text.charCodeAt(i));
  return hash;
}

/** A stream of numbers (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A normally distributed number that is always the same for the same parts. */
export function normalAt(...parts: readonly number[]): number {
  const hash = mixed(...parts);
  const u = ((hash >>> 0) + 0.5) / 4_294_967_296;
  const v = (scrambled(hash ^ 0x9e3779b9) >>> 0) / 4_294_967_296;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}

/** How many events fall into a span when `mean` do on average (Poisson; beyond 50 its normal approximation). */
export function countOf(mean: number, random: Random): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

/** @returns a random order of the same items. */
export function shuffledBy<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map(item => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function scrambled(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
