/** What the page asks of the server's HTTP interface. */
import type { Interval } from '@tapeline/core/intervals';
import type { BoardBar } from '../board-messages.ts';
import type { GapSpan } from './time-slots.ts';

export interface Instrument {
  readonly symbol: string;
  readonly name?: string;
  readonly exchange?: string;
  readonly type?: string;
}

export interface BoardAlert {
  readonly id: string;
  readonly rule: string;
  readonly condition: string;
  readonly severity: 'info' | 'warning' | 'critical';
  /** Absent where a whole feed is meant. */
  readonly symbol?: string;
  readonly feed?: string;
  /** Of the bar that showed it. */
  readonly interval?: Interval;
  /** End of its cause, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly message: string;
}

export interface ApiAnswers {
  readonly bars: readonly BoardBar[];
  readonly gaps: readonly GapSpan[];
  readonly alerts: readonly BoardAlert[];
  readonly instruments: readonly Instrument[];
}

/**
 * Asks for `/api/<name>`.
 * @throws Error with the server's words when it does not give what was asked for
 */
export async function ask<Name extends keyof ApiAnswers>(
  name: Name,
  query: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<ApiAnswers[Name]> {
  const parameters = new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]));
  const response = await fetch(`api/${name}?${parameters}`, { signal });
  const answer = (await response.json()) as Partial<ApiAnswers> & { readonly error?: { readonly message: string } };
  const found = answer[name];
  if (found === undefined) throw new Error(answer.error?.message ?? `status ${response.status}`);
  return found as ApiAnswers[Name];
}
