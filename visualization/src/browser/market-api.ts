/** What the page asks of the server's HTTP interface. */
import type { BoardAlert, BoardBar } from '../board-messages.ts';
import type { GapSpan, TimeSpan } from './time-slots.ts';

export interface Instrument {
  readonly symbol: string;
  readonly name?: string;
  readonly exchange?: string;
  readonly type?: string;
}

export interface ApiAnswers {
  readonly bars: readonly BoardBar[];
  readonly gaps: readonly GapSpan[];
  readonly alerts: readonly BoardAlert[];
  readonly instruments: readonly Instrument[];
}

type Query = Readonly<Record<string, string | number>>;

/**
 * Asks for `/api/<name>`.
 * @throws Error with the server's words when it does not give what was asked for
 */
export async function ask<Name extends keyof ApiAnswers>(name: Name, query: Query, signal: AbortSignal): Promise<ApiAnswers[Name]> {
  return (await askPage(name, query, signal)).rows;
}

/** Bars, and the span of those that the server does not know. */
export interface BarAnswer {
  readonly bars: readonly BoardBar[];
  readonly missing: TimeSpan | undefined;
}

/** @throws Error as {@link ask} */
export async function askBars(query: Query, signal: AbortSignal): Promise<BarAnswer> {
  const { rows, missing } = await askPage('bars', query, signal);
  return { bars: rows, missing };
}

/**
 * Asks for a table of times and for the pages before, `pages` at most; oldest first.
 * @throws Error as {@link ask}
 */
export async function askBack<Name extends 'gaps' | 'alerts'>(
  name: Name,
  { pages, ...query }: Query & { readonly pages: number },
  signal: AbortSignal,
): Promise<readonly ApiAnswers[Name][number][]> {
  const found: (readonly ApiAnswers[Name][number][])[] = [];
  let place: { readonly after?: string } = {};
  for (let page = 0; page < pages; page += 1) {
    const { rows, next } = await askPage(name, { ...query, ...place }, signal);
    found.unshift(rows);
    if (next === undefined) break;
    place = { after: next };
  }
  return found.flat();
}

interface AnswerPage<Rows> {
  readonly rows: Rows;
  /** There is more: the text that asks for it. */
  readonly next: string | undefined;
  readonly missing: TimeSpan | undefined;
}

async function askPage<Name extends keyof ApiAnswers>(
  name: Name,
  query: Query,
  signal: AbortSignal,
): Promise<AnswerPage<ApiAnswers[Name]>> {
  const parameters = new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]));
  const response = await fetch(`api/${name}?${parameters}`, { signal });
  const answer = (await response.json()) as Partial<ApiAnswers & AnswerPage<unknown>> & { readonly error?: { readonly message: string } };
  const found = answer[name];
  if (found === undefined) throw new Error(answer.error?.message ?? `status ${response.status}`);
  return { rows: found as ApiAnswers[Name], next: answer.next, missing: answer.missing };
}
