/** Stored bars of many symbols in one order, by `startMs`, then symbol, with a bounded number of them in memory. */
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore } from '@tapeline/database/market-store';
import { compareBars } from './bar-lines.ts';

type BarQuery = Parameters<MarketStore['bars']>[0];

/** Of all symbols. */
export type StoredBarsQuery = Pick<BarQuery, 'interval' | 'fromMs' | 'toMs'>;

/** Bars held at a time. */
export const mostHeld = 200_000;
/** Of one symbol. */
const largestPage = 2_000;
/** Symbols whose first pages are asked for together: a store far away answers them at once. */
const readAhead = 8;

/** Bars of the range; ends early when the signal aborts. @param symbols each once */
export function storedBars(
  store: Pick<MarketStore, 'bars'>,
  symbols: readonly string[],
  query: StoredBarsQuery,
  signal: AbortSignal,
): AsyncGenerator<Bar> {
  const limit = Math.max(1, Math.min(largestPage, Math.floor(mostHeld / symbols.length)));
  return mergedBars(
    symbols.map(symbol => barsOf(store, { ...query, symbol, limit })),
    signal,
  );
}

/** The next bar of a source, which is the only one of it that is looked at. */
interface Head {
  bar: Bar;
  readonly source: AsyncIterator<Bar>;
}

/** Each source is in order by itself; one is asked for its next bar when its last one was taken. */
export async function* mergedBars(sources: readonly AsyncIterator<Bar>[], signal: AbortSignal): AsyncGenerator<Bar> {
  const heads: Head[] = [];
  for (let at = 0; at < sources.length && !signal.aborted; at += readAhead) {
    heads.push(...(await Promise.all(sources.slice(at, at + readAhead).map(headOf))).flat());
  }
  // In order they are a heap: none is before the one at half its place.
  heads.sort((a, b) => compareBars(a.bar, b.bar));
  for (let first = heads[0]; first !== undefined && !signal.aborted; first = heads[0]) {
    yield first.bar;
    const next = await first.source.next();
    if (next.done !== true) first.bar = next.value;
    else putLastFirst(heads);
    sinkFirst(heads);
  }
}

async function headOf(source: AsyncIterator<Bar>): Promise<readonly Head[]> {
  const next = await source.next();
  return next.done === true ? [] : [{ bar: next.value, source }];
}

function putLastFirst(heads: Head[]): void {
  const last = heads.pop();
  if (last !== undefined && heads.length > 0) heads[0] = last;
}

/** Moves the first one behind all that come before it. */
function sinkFirst(heads: Head[]): void {
  const [sunk] = heads;
  if (sunk === undefined) return;
  let at = 0;
  for (;;) {
    const [left, right] = [heads[2 * at + 1], heads[2 * at + 2]];
    const isRight = left !== undefined && right !== undefined && compareBars(right.bar, left.bar) < 0;
    const child = isRight ? right : left;
    if (child === undefined || compareBars(sunk.bar, child.bar) <= 0) break;
    heads[at] = child;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heads[at] = sunk;
}

/** The bars of one symbol, read a page at a time. */
async function* barsOf(store: Pick<MarketStore, 'bars'>, query: BarQuery & { readonly limit: number }) {
  for (let { fromMs } = query; ; ) {
    const page = await store.bars({ ...query, fromMs });
    yield* page;
    if (page.length < query.limit) return;
    fromMs = (page.at(-1)?.startMs ?? query.toMs) + 1;
  }
}
