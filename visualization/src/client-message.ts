/** Reads what a client says, and says what is wrong with it. */
import { intervals } from '@tapeline/core/intervals';
import { parseJson } from '@tapeline/core/json-text';
import { z } from 'zod';
import type { ClientMessage } from './board-messages.ts';

/** Symbols that a client can watch. */
export const maxSymbols = 1_000;
/** Longest message of a client, in bytes: `maxSymbols` of the longest symbols that TwelveData has, and their quotes. */
export const maxMessageBytes = 73_728;

const expected = 'one of {"watch":{"symbols":["BTC/USD"]}}, {"subscribe":{"symbol":"BTC/USD","interval":"1m"}}, {"unsubscribe":{}}';

const symbolSchema = z.string().min(1).max(64);
const messageSchema = z
  .strictObject({
    watch: z.strictObject({ symbols: z.array(symbolSchema).max(maxSymbols) }).optional(),
    subscribe: z
      .strictObject({ symbol: symbolSchema, interval: z.enum(intervals), indicators: z.literal(true).exactOptional() })
      .optional(),
    unsubscribe: z.strictObject({}).optional(),
  })
  .refine(message => Object.keys(message).length === 1, 'must have one key');

export type ReadMessage = { readonly message: ClientMessage } | { readonly refusal: string };

/** @param text JSON, as it came */
export function readClientMessage(text: string): ReadMessage {
  const read = messageSchema.safeParse(parsed(text));
  if (!read.success) {
    const faults = read.error.issues.slice(0, 3).map(issue => `${issue.path.join('.') || 'message'}: ${issue.message}`);
    return { refusal: `${faults.join('; ').slice(0, 500)}; expected ${expected}` };
  }
  const { watch, subscribe } = read.data;
  if (watch !== undefined) return { message: { watch } };
  return { message: subscribe === undefined ? { unsubscribe: {} } : { subscribe } };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
