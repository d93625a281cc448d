/** What could not be used, with the reason and where it came from: the records of `market-data.dead-letter`. */
import { z } from 'zod';
import { parseJson } from './json-text.ts';
import { recordFormat } from './records.ts';

/**
 * - `late`: a tick whose window ended longer than the correction horizon ago
 * - `early`: a bar of history for a window that live ticks may still change
 * - `future`: a stamp more than 5 s ahead of its receipt
 * - `not-owner`: a tick of a feed, or of an older session, that does not own the symbol
 * - `malformed`: a vendor's message, or a record, that is not what its kind asks for
 * - `unknown`: a vendor's message of a kind that nobody documented
 */
export const deadLetterReasons = ['late', 'early', 'future', 'not-owner', 'malformed', 'unknown'] as const;
export type DeadLetterReason = (typeof deadLetterReasons)[number];

export const deadLetterSchema = z
  .object({
    v: z.literal(recordFormat),
    kind: z.literal('dead-letter'),
    reason: z.enum(deadLetterReasons),
    detail: z.string().max(2_000).describe('the field and what was wrong with it'),
    origin: z.string().max(200).describe('a feed and session, or topic, partition and offset'),
    timeMs: z.int().min(0),
    value: z.string().max(65_536).describe('the text that was refused; cut at 64 Ki characters'),
  })
  .describe('something that could not be used');

export type DeadLetter = Readonly<z.infer<typeof deadLetterSchema>>;

const longest = 65_536;

/** Builds a dead letter whose texts fit the schema whatever they were. */
export function deadLetter(letter: Omit<DeadLetter, 'v' | 'kind'>): DeadLetter {
  return {
    v: recordFormat,
    kind: 'dead-letter',
    reason: letter.reason,
    detail: letter.detail.slice(0, 2_000),
    origin: letter.origin.slice(0, 200),
    timeMs: letter.timeMs,
    value: letter.value.slice(0, longest),
  };
}

/** Reads a record of `market-data.dead-letter`; `undefined` for what is none. */
export function deadLetterIn(value: Uint8Array | undefined): DeadLetter | undefined {
  if (value === undefined) return undefined;
  try {
    return deadLetterSchema.safeParse(parseJson(Buffer.from(value).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** A dead letter as compact JSON. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  return Buffer.from(JSON.stringify(letter));
}
