/** What rows of the log and of a store are held against each other by. */
import { type Bar, encodeBar } from '@tapeline/core/bars';

export function keyOf({
  symbol,
  session,
  sequence,
}: {
  readonly symbol: string;
  readonly session: number;
  readonly sequence: number;
}): string {
  return `${symbol} ${session} ${sequence}`;
}

/** The bytes of a bar, its version included; indicators by name, for a table has another order than the fold. */
export function bytesOf(bar: Bar): string {
  const indicators = Object.entries(bar.indicators ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const ordered = bar.indicators === undefined ? bar : { ...bar, indicators: Object.fromEntries(indicators) };
  return encodeBar(ordered);
}
