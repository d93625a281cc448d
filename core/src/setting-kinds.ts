/** What a setting is, and the kinds of text that its value may be written as. */
import { z } from 'zod';
import { type Interval, intervals, isInterval } from './intervals.ts';

export interface Setting<T> {
  /** Turns the variable's text into its value, or refuses it. */
  readonly schema: z.ZodType<T, string>;
  /** Value when the variable is absent or empty, as it would be written. */
  readonly otherwise: T;
  /** Completes the sentence "NAME must be …". */
  readonly expected: string;
  readonly example: string;
  readonly help: string;
  /** May also be given as NAME_FILE; its value is never printed. */
  readonly secret?: true;
}

export const text = z.string().trim().min(1);
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^\s*-?\d+\s*$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max));
export const share = z
  .string()
  .regex(/^\s*(\d+\.?\d*|\.\d+)\s*$/)
  .transform(Number)
  .pipe(z.number().min(0).max(1));
export const list = z
  .string()
  .transform(value => [...new Set(value.split(',').map(item => item.trim()))].filter(item => item !== ''))
  .pipe(z.array(z.string()).min(1));
export const flag = z.enum(['true', 'false']).transform(value => value === 'true');
export const url = (...schemes: readonly string[]) =>
  text.refine(value => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)));
/** An address that paths are put behind: behind a `?` or `#` they would be none. */
export const baseUrl = (...schemes: readonly string[]) => url(...schemes).refine(value => !/[?#]/.test(value));
/** The same for `fetch`, which takes no address with a user. */
export const fetchedUrl = baseUrl('http', 'https').refine(value => !/^\w+:[/\\]*[^/\\]*@/.test(value));
export const isMailAddress = (value: string) =>
  value.length <= 254 && /^[^\s\p{Cc}@<>,;:"()[\]\\]+@[^\s\p{Cc}@<>,;:"()[\]\\]+$/u.test(value);
export const addresses = list.refine(items => items.every(item => /^[^\s/:,]+:\d{1,5}$/.test(item)));

/** The headers of `name=value,name=value`, values with % codes; `undefined` for what is not so. */
export function headersOf(value: string): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = {};
  for (const pair of value.split(',')) {
    const [, name, code = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(\S.*?)\s*$/.exec(pair) ?? [];
    const decoded = percentDecoded(code);
    if (name === undefined || !/^[\x20-\x7e\xa0-\xff]+$/.test(decoded)) return undefined;
    headers[name] = decoded;
  }
  return headers;
}

/** Empty where it is no percent-encoding. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

export function absent<T>(setting: Omit<Setting<T>, 'otherwise'>): Setting<T | undefined> {
  return { ...setting, otherwise: undefined };
}

export const intervalList = list
  .refine(items => items.every(isInterval))
  .transform(items => intervals.filter(interval => items.includes(interval)) as readonly Interval[]);

export const secretText = { schema: text, expected: 'text that is not empty', example: '…', secret: true } as const;
export const path = { schema: text, expected: 'the path of a file', example: '/etc/tapeline/ca.crt' } as const;
