/**
 * Pages of rows. An answer that is not all of it has `next`, which the client sends as `after`: opaque to it, the place of the last row
 * that was given to us. Pages of time go back: the first has the newest rows of the range, the next those before, each oldest first. So a
 * page never changes because newer rows came.
 */
import { createHash } from 'node:crypto';
import type { Alert } from '@tapeline/core/alerts';
import { parseJson } from '@tapeline/core/json-text';
import type { Gap, RangeQuery, TickRow } from '@tapeline/database/market-store';
import { z } from 'zod';
import { RequestError, refused, type TimeRange } from './query-parameters.ts';

/** Rows, and where the rows after them begin: nowhere when these are the last. */
export interface Page<Row, Place> {
  readonly rows: readonly Row[];
  readonly next?: Place | undefined;
}

/** Where in a range the next page goes on. */
export const timePlace = z.object({
  /** Start of the range, so that "the last day" stays the same day from page to page. */
  fromMs: z.int().min(0),
  /** Of the oldest row that was looked at. */
  timeMs: z.int().min(0),
  /** Its key among those of the same time. */
  key: z.string(),
  /** How many of that time were looked at. */
  seen: z.int().min(1).max(100_000),
});
export type TimePlace = Readonly<z.infer<typeof timePlace>>;

export interface TimeTable<Row> {
  /** Newest first. */
  read(query: RangeQuery): Promise<readonly Row[]>;
  timeOf(row: Row): number;
  /** Tells rows of the same time from each other. */
  keyOf(row: Row): string;
  isWanted(row: Row): boolean;
}

/** What tells ticks of one time from each other. */
export function keyOfTick({ tick }: TickRow): string {
  return `${tick.session} ${tick.sequence}`;
}

/** What tells gaps that begin at one time from each other. */
export function keyOfGap(gap: Gap): string {
  return `${gap.symbol}\n${gap.reason}`;
}

/** What tells alerts of one time from each other. */
export function keyOfAlert(alert: Alert): string {
  return `${alert.symbol ?? ''}\n${alert.id}`;
}

/** So many rows are looked at for one page: one whose rows are mostly not wanted may be short, and has `next` all the same. */
const mostLookedAt = 50_000;
const leastRead = 1_000;

/** The newest wanted rows of a range, or those before `place`; oldest first. */
export async function pageBack<Row>(
  table: TimeTable<Row>,
  { range, limit, place }: { readonly range: TimeRange; readonly limit: number; readonly place: TimePlace | undefined },
): Promise<Page<Row, TimePlace>> {
  const found: Row[] = [];
  let at = place;
  for (let lookedAt = 0; lookedAt < mostLookedAt; ) {
    const seen = at?.seen ?? 0;
    // Those of one time come again: as many new ones are read beside them, so that thousands of one time take few reads.
    const most = seen + Math.max(limit - found.length + 1, leastRead, Math.min(seen, mostLookedAt));
    const toMs = at === undefined ? range.toMs : at.timeMs + 1;
    const rows = await table.read({ fromMs: range.fromMs, toMs, limit: most, order: 'descending' });
    const fresh = rowsAfter(table, rows, at);
    for (const row of fresh) {
      if (table.isWanted(row)) {
        if (found.length === limit) return { rows: found.reverse(), next: at };
        found.push(row);
      }
      at = placeOf(table, row, at, range.fromMs);
    }
    if (rows.length < most) return { rows: found.reverse() };
    // A place that is not in the table (any more) brings nothing new, and ends all the same.
    lookedAt += fresh.length === 0 ? rows.length : fresh.length;
  }
  return { rows: found.reverse(), next: at };
}

/** A place of this query as opaque text. */
export function encodeNext(query: unknown, place: unknown): string {
  return Buffer.from(JSON.stringify([digestOf(query), place])).toString('base64url');
}

/** @throws RequestError when the text is not the `next` of an answer to the same query. */
export function decodeAfter<Place>(query: unknown, after: string | undefined, schema: z.ZodType<Place>): Place | undefined {
  if (after === undefined) return undefined;
  const [digest, place] = textOf(after);
  const result = schema.safeParse(place);
  if (!result.success) throw noPlace();
  if (digest === digestOf(query)) return result.data;
  throw new RequestError(
    400,
    'parameter.invalid',
    'parameter "after" belongs to another query, expected the "next" of an answer to this one: leave the other parameters as they were',
  );
}

/** The refusal of an `after` that no answer gave. */
export function noPlace(): RequestError {
  return refused('parameter "after" must be the "next" of an answer to the same query, was something else');
}

function textOf(after: string): readonly unknown[] {
  try {
    const parsed: unknown = parseJson(Buffer.from(after, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

function digestOf(query: unknown): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 11);
}

/** Rows beyond the place: those of its time that were looked at come first again. */
function rowsAfter<Row>({ timeOf, keyOf }: TimeTable<Row>, rows: readonly Row[], place: TimePlace | undefined): readonly Row[] {
  if (place === undefined) return rows;
  const last = rows.findIndex(row => timeOf(row) === place.timeMs && keyOf(row) === place.key);
  if (last >= 0) return rows.slice(last + 1);
  return rows.filter(row => timeOf(row) < place.timeMs);
}

function placeOf<Row>({ timeOf, keyOf }: TimeTable<Row>, row: Row, before: TimePlace | undefined, fromMs: number): TimePlace {
  const timeMs = timeOf(row);
  return { fromMs, timeMs, key: keyOf(row), seen: before?.timeMs === timeMs ? before.seen + 1 : 1 };
}
