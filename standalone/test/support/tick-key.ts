/** What a tick is known by, in the log and in a store. */
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
