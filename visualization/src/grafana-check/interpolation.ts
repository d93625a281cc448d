/**
 * Texts as Grafana's page makes them before it asks: variables put in, in the formats that our queries use.
 *
 * Source: Grafana's documentation, "Variable syntax" and "Advanced variable format options"; the plug-in asks for `csv` where a query names no format.
 */
import type { VariableJson } from './dashboard-json.ts';

export interface TimeRange {
  readonly fromMs: number;
  /** Inclusive, as Grafana means it. */
  readonly toMs: number;
}

export type VariableValues = Readonly<Record<string, string | readonly string[]>>;

/** `${name}`, `${name:format}` and `$name`; a name that is not known stays as it stands, as `$__timeFrom` does. @throws Error for a format that is not known */
export function interpolated(text: string, values: VariableValues, { fromMs, toMs }: TimeRange): string {
  const known: VariableValues = { ...values, __from: String(fromMs), __to: String(toMs) };
  return text.replace(
    /\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g,
    (whole, braced: string | undefined, format: string | undefined, plain: string | undefined) => {
      const value = known[braced ?? plain ?? ''];
      return value === undefined ? whole : formatted(value, format ?? 'csv');
    },
  );
}

function formatted(value: string | readonly string[], format: string): string {
  const values = typeof value === 'string' ? [value] : value;
  if (format === 'csv') return values.join(',');
  if (format === 'sqlstring') return values.map(text => `'${text.replaceAll("'", "''")}'`).join(',');
  throw new Error(`the format of a variable must be csv or sqlstring, was ${format}`);
}

/** What a variable's regex leaves of the values that its query gave: the first group of each that matches, each once. */
export function matched(values: readonly string[], { regex = '' }: Pick<VariableJson, 'regex'>): readonly string[] {
  const [, pattern, flags] = /^\/(.*)\/(\w*)$/s.exec(regex) ?? [];
  if (pattern === undefined) return [...new Set(values)];
  const found = values.flatMap(value => {
    const match = new RegExp(pattern, flags?.replace('g', '')).exec(value);
    return match === null ? [] : [match[1] ?? match[0]];
  });
  return [...new Set(found)];
}
