/** A route that answers with a table: its parameters, what a row holds, and how rows are found. */
import type { MarketStore } from '@tapeline/database/market-store';
import type { z } from 'zod';
import type { LiveMarket } from '../live-market.ts';
import type { Span } from '../recent-bars.ts';
import type { ParameterSet, ValuesOf } from './query-parameters.ts';

/** What routes answer from. */
export interface ApiParts {
  readonly market: LiveMarket;
  readonly store: MarketStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Rows, their fields in the order in which they are shown, and where the next page begins. */
export interface TablePage<Row> {
  readonly rows: readonly Row[];
  /** @default all of the route's row */
  readonly fields?: readonly string[];
  /** Columns of CSV where they are others than the fields, and how a row becomes flat. */
  readonly flat?: { readonly columns: readonly string[]; of(row: Row): object };
  /** The text that asks for the next page. */
  readonly next?: string | undefined;
  /** A span of the range whose rows are not known yet. @default none */
  readonly missing?: Span | undefined;
}

export interface TableRoute<P extends ParameterSet = ParameterSet, R extends z.ZodObject = z.ZodObject> {
  readonly path: `/api/${string}`;
  /** Of the list in the answer. */
  readonly name: string;
  readonly summary: string;
  /** All but `format`, which every table takes. */
  readonly parameters: P;
  readonly row: R;
  /** Answers may have `missing`. @default false */
  readonly canMiss?: boolean;
  /** Rows that an answer to this query may hold at once. */
  most(values: ValuesOf<P>): number;
  answer(values: ValuesOf<P>, parts: ApiParts): Promise<TablePage<Readonly<z.infer<R>>>>;
}

/** A route, whose parameters and rows only itself has to know. */
export function tableRoute<P extends ParameterSet, R extends z.ZodObject>(route: TableRoute<P, R>): TableRoute {
  return route as unknown as TableRoute;
}
