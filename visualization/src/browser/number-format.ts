/** Numbers as a trading desk writes them: as many decimals as the instrument has, grouped, with a true minus sign. */

const formats = new Map<number, Intl.NumberFormat>();

/** A number with exactly so many decimals. */
export function fixed(value: number, decimals: number): string {
  let format = formats.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    formats.set(decimals, format);
  }
  return format.format(value).replace('-', '−');
}

/** A change in percent with its sign. */
export function percent(ratio: number): string {
  const text = fixed(Math.abs(ratio) * 100, 2);
  if (text === '0.00') return text;
  return `${ratio < 0 ? '−' : '+'}${text}`;
}

/** Which way a change goes, as far as its two decimals show. */
export function direction(ratio: number | undefined): 'up' | 'down' | undefined {
  if (ratio === undefined || percent(ratio) === '0.00') return undefined;
  return ratio > 0 ? 'up' : 'down';
}

/** A volume: exact while small, in millions and billions when large. */
export function volume(value: number): string {
  if (value >= 1e9) return `${fixed(value / 1e9, 2)}B`;
  if (value >= 1e6) return `${fixed(value / 1e6, 2)}M`;
  if (value >= 1_000 || Number.isInteger(value)) return fixed(value, 0);
  return fixed(value, value >= 0.01 ? 2 : 6);
}

/** A span of time in its largest unit. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** A time of day in UTC, with the date when it is not that of `nowMs`. */
export function clock(timeMs: number, nowMs: number): string {
  const text = new Date(timeMs).toISOString();
  const today = text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10);
  return `${today ? '' : `${text.slice(0, 10)} `}${text.slice(11, 19)} UTC`;
}

/** Decimals of a number as it is written, none when it is whole. */
function decimalsOf(value: number): number {
  const text = String(value);
  const exponent = /^(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (exponent !== null) return (exponent[2]?.length ?? 0) + Number(exponent[3]);
  return text.split('.')[1]?.length ?? 0;
}

/**
 * How many decimals a symbol's prices have: the most that were seen, so that the column stands still. A price of 69,142.14 gets no more
 * than 2, one of 0.03567 up to 8 and one of 0.0000078912 up to 10, so that a stray binary fraction does not widen the column.
 */
export class PriceDecimals {
  readonly #seen = new Map<string, number>();

  /** Takes prices in and gives the decimals to show. */
  of(symbol: string, ...prices: readonly (number | undefined)[]): number {
    let most = this.#seen.get(symbol) ?? 2;
    for (const price of prices) {
      if (price !== undefined) most = Math.max(most, Math.min(decimalsOf(price), mostFor(price)));
    }
    this.#seen.set(symbol, most);
    return most;
  }
}

function mostFor(price: number): number {
  if (price >= 1_000) return 2;
  if (price >= 10) return 4;
  if (price >= 0.1) return 6;
  // Five digits that tell something; a format has no more than 20 decimals here.
  return Math.min(20, Math.max(8, 4 + Math.ceil(-Math.log10(price))));
}
