/**
 * The vendors' own ledger: every price that there was, whoever was told it. A price is its symbol's running number in disguise, so what stands
 * in the log, in a dead letter or in a table says by itself which one it is.
 */

/** Of one symbol. */
export interface Page {
  readonly symbol: string;
  /** Vendor's time of each price, by its number from 1 on; 0 has none. */
  readonly timesMs: number[];
}

/** A prime, so that a number and its price tell each other; prices of a symbol repeat after so many. */
const cycle = 1_000_003;
const step = 618_033;
const lowest = 10_000_000;
const digits = 10_000;
/** `step * inverse = 1`, modulo the cycle. */
const inverse = inverseOf(step);

/** From 1,000 to 1,100, to four digits. */
export function priceOf(number: number): number {
  return (lowest + ((number * step) % cycle)) / digits;
}

/** The number in disguise, from 1 on; `undefined` for a price that no number has. */
export function numberOf(price: number): number | undefined {
  const disguised = Math.round(price * digits) - lowest;
  if (disguised < 1 || disguised >= cycle) return undefined;
  const number = Number((BigInt(disguised) * BigInt(inverse)) % BigInt(cycle));
  return priceOf(number) === price ? number : undefined;
}

export class Ledger {
  /** Prices so far. */
  count = 0;
  readonly #pages: ReadonlyMap<string, Page>;

  constructor(symbols: readonly string[]) {
    this.#pages = new Map(symbols.map(symbol => [symbol, { symbol, timesMs: [0] }]));
  }

  get pages(): readonly Page[] {
    return [...this.#pages.values()];
  }

  /** Writes the symbol's next price down. */
  next(symbol: string, timeMs: number): { readonly price: number; readonly number: number } {
    const timesMs = this.#pages.get(symbol)?.timesMs;
    if (timesMs === undefined) throw new TypeError(`${symbol} is no symbol of the ledger`);
    const number = timesMs.length;
    if (number >= cycle) throw new RangeError(`a run has at most ${cycle - 1} prices of a symbol: let it be shorter`);
    timesMs.push(timeMs);
    this.count += 1;
    return { price: priceOf(number), number };
  }
}

function inverseOf(value: number): number {
  let [a, b, x, y] = [value, cycle, 1, 0];
  while (b !== 0) [a, b, x, y] = [b, a % b, y, x - Math.floor(a / b) * y];
  return ((x % cycle) + cycle) % cycle;
}
