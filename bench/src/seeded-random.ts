/** Random numbers that a seed decides: the same load for every peer, on every machine. */

/** Numbers in [0, 1), 32 bits each (mulberry32). */
export { randomOf as seededRandom } from '@tapeline/simulator/market/random';

/**
 * Draws indexes below `count`, index `i` with a weight of `1 / (i + 1) ** exponent` (Zipf), by the alias method of Walker and Vose: one
 * draw costs the same however many there are.
 */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1) ** exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map(weight => (weight * count) / total);
  const alias = Uint32Array.from({ length: count }, (_, index) => index);
  const keep = new Float64Array(count).fill(1);
  const small = shares.flatMap((share, index) => (share < 1 ? [index] : []));
  const large = shares.flatMap((share, index) => (share < 1 ? [] : [index]));
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop() as number;
    const rich = large.pop() as number;
    keep[poor] = shares[poor] as number;
    alias[poor] = rich;
    shares[rich] = (shares[rich] as number) + (shares[poor] as number) - 1;
    (shares[rich] < 1 ? small : large).push(rich);
  }
  return () => {
    const index = Math.floor(random() * count);
    return random() < (keep[index] as number) ? index : (alias[index] as number);
  };
}
