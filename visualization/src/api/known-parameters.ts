/** The parameters that the routes take: each is checked by the very schema that the OpenAPI document shows. */
import { alertSchema } from '@tapeline/core/alerts';
import { intervals } from '@tapeline/core/intervals';
import { latestTimeMs } from '@tapeline/core/records';
import { timeOfText } from '@tapeline/core/time-text';
import { z } from 'zod';
import type { Parameter, RequiredParameter } from './query-parameters.ts';

const maxSymbols = 500;

const symbolText = z
  .string()
  .min(1)
  .max(64)
  .regex(/^\S(?:[\s\S]*\S)?$/);

/** A `+` that was not written as %2B arrives as a space. */
const timeText = z
  .string()
  .regex(/^(?:0|\d{12,13}|\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+ -]\d{2}:\d{2})?)?)$/)
  .transform((text, context) => {
    const timeMs = timeOfText(text.replace(/ (?=\d{2}:\d{2}$)/, '+'));
    if (timeMs !== undefined) return Math.min(timeMs, latestTimeMs);
    context.addIssue('no such time');
    return z.NEVER;
  });

const aSymbol = {
  schema: symbolText,
  expected: '1 to 64 characters without spaces around them',
  description: 'as the vendor spells it; `BTC/USD` and `BTC%2FUSD` are the same',
  example: 'BTC/USD',
} as const;

export const symbol: RequiredParameter<string> = {
  ...aSymbol,
  missing: 'a symbol as the vendor spells it, for example symbol=BTC/USD',
};

export const oneSymbol: Parameter<string> = { ...aSymbol, description: `of this symbol only; ${aSymbol.description}` };

export const symbols: Parameter<readonly string[]> = {
  schema: z.preprocess(text => String(text).split(','), z.array(symbolText).min(1).max(maxSymbols)),
  expected: `1 to ${maxSymbols} symbols, separated by commas, each of ${aSymbol.expected}`,
  description: 'of these symbols only, separated by commas; those that are not known are left out',
  example: 'BTC/USD,EUR/USD',
};

export const interval: RequiredParameter<(typeof intervals)[number]> = {
  schema: z.enum(intervals),
  expected: `one of ${intervals.join(', ')}`,
  missing: `one of ${intervals.join(', ')}`,
  description: 'of the bars',
  example: '1m',
};

/** A half-open range of time. */
export const timeRange = {
  from: time('start of the range, inclusive'),
  to: time('end of the range, exclusive'),
} as const;

export const rule: Parameter<string> = {
  schema: alertSchema.shape.rule,
  expected: '1 to 100 characters: the name of a rule',
  description: 'of this rule only',
  example: 'btc-above-70000',
};

export const search: Parameter<string> = {
  schema: z.string().max(64),
  expected: 'at most 64 characters',
  description: 'a part of the symbol or of the name, in any case; best matches first. All by symbol when absent or empty',
  example: 'eur',
};

export const fill: Parameter<'forward'> = {
  schema: z.enum(['forward']),
  expected: 'forward',
  description:
    'a window without a bar repeats the former close, with `"state": "filled-forward"`, `volume` and `tickCount` 0, and the flag `gap` where the feed was away; never before the first bar nor after the last one',
  example: 'forward',
};

export const indicators: Parameter<boolean> = {
  schema: z.preprocess(text => (text === 'true' ? true : text === 'false' ? false : text), z.boolean()),
  expected: 'true or false',
  description: 'adds `indicators` as they were given out when the bar closed; in CSV a column each',
  example: 'true',
};

export const after: Parameter<string> = {
  schema: z.string().regex(/^[\w-]{1,4000}$/),
  expected: 'the "next" of an answer to the same query',
  description: 'the `next` of the answer before: gives the page after it. Send it with the other parameters unchanged',
};

export const format: Parameter<'json' | 'csv'> = {
  schema: z.enum(['json', 'csv']),
  expected: 'json or csv',
  description: 'without it, `Accept: text/csv` asks for CSV',
  example: 'csv',
};

/** At most so many rows; `otherwise` says how many when it is absent. */
export function limit(most: number, otherwise: string): Parameter<number> {
  return {
    schema: z.preprocess(text => (/^\d{1,9}$/.test(String(text)) ? Number(text) : text), z.int().min(1).max(most)),
    expected: `a whole number from 1 to ${most}`,
    description: `at most this many rows; ${otherwise}. When there are more, the answer has \`next\``,
    example: '500',
  };
}

function time(description: string): Parameter<number> {
  return {
    schema: timeText,
    expected: 'ISO 8601 (2026-01-31 or 2026-01-31T09:30:00Z, UTC without an offset) or milliseconds since 1970 (12 or 13 digits)',
    description: `${description}; ISO 8601 (UTC without an offset) or milliseconds since 1970 (12 or 13 digits)`,
    example: '2026-01-31T09:30:00Z',
  };
}
