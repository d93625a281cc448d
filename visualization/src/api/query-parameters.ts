/** Reads the parameters of a request by their definitions and refuses, by name, value and what is expected, what is not one. */
import type { z } from 'zod';

/** A request that the client has to change. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.code = code;
  }
}

/** One parameter of a query. `schema` takes its text; what the schema says of its input is what the OpenAPI document shows. */
export interface Parameter<T> {
  readonly schema: z.ZodType<T>;
  /** Completes the sentence `parameter "name" must be …`. */
  readonly expected: string;
  readonly description: string;
  readonly example?: string;
  /** Of a parameter that has to be there: what is asked for. */
  readonly missing?: string;
}

export interface RequiredParameter<T> extends Parameter<T> {
  readonly missing: string;
}

export type ParameterSet = Readonly<Record<string, Parameter<unknown>>>;

/** The values of a query, by the names of its parameters. */
export type ValuesOf<P extends ParameterSet> = {
  readonly [Name in keyof P]: P[Name] extends RequiredParameter<infer T> ? T : P[Name] extends Parameter<infer T> ? T | undefined : never;
};

/** @throws RequestError when a name is unknown or given twice, or a value is not what its parameter takes. */
export function readParameters<P extends ParameterSet>(query: URLSearchParams, parameters: P): ValuesOf<P> {
  const names = Object.keys(parameters);
  const texts = new Map<string, string>();
  for (const [name, text] of query) {
    if (!names.includes(name)) throw refused(`unknown parameter "${shown(name)}" (value "${shown(text)}"), expected ${listed(names)}`);
    if (texts.has(name)) throw refused(`parameter "${name}" is given more than once, expected once`);
    texts.set(name, text);
  }
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => [name, readValue(name, parameter, texts.get(name))]),
  ) as ValuesOf<P>;
}

/** The half-open range of a query. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Checks that a half-open range holds something, and not too much. */
export function checkRange({ fromMs, toMs }: TimeRange, most: { readonly ms: number; readonly text: string }): void {
  const range = `from ${iso(fromMs)} to ${iso(toMs)}`;
  if (fromMs >= toMs) throw refused(`parameter "from" must be before "to", was ${range}`);
  if (toMs - fromMs > most.ms) throw refused(`the range must be at most ${most.text}, was ${range}: move "from" and "to" together`);
}

/** A query that cannot be answered as it is. */
export function refused(message: string): RequestError {
  return new RequestError(400, 'parameter.invalid', message);
}

function readValue(name: string, parameter: Parameter<unknown>, text: string | undefined): unknown {
  if (parameter.missing !== undefined && (text === undefined || text === '')) {
    throw refused(`parameter "${name}" is missing, expected ${parameter.missing}`);
  }
  if (text === undefined) return undefined;
  const result = parameter.schema.safeParse(text);
  if (result.success) return result.data;
  throw refused(`parameter "${name}" must be ${parameter.expected}, was "${shown(text)}"`);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
