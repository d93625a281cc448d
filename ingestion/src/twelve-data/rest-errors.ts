/**
 * What an answer of the REST API that is no success means, and whether to ask again (TWELVEDATA.md §2). The vendor says errors with the HTTP
 * status of their code or with 200, so the body's code counts before the status.
 */
import { type ErrorCode, PipelineError } from '@tapeline/core/errors';

export interface RestRefusal {
  readonly code: number;
  readonly message: string;
}

/** The refusal in an answer, or `undefined` when it is none. `body` is its JSON, `undefined` when it is not JSON. */
export function refusalOf(status: number, body: unknown): RestRefusal | undefined {
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  // Text or a number; an object may not even have a number.
  const code = typeof fields.code === 'number' || typeof fields.code === 'string' ? Number(fields.code) : Number.NaN;
  const isRefused = status >= 400 || fields.status === 'error' || (Number.isInteger(code) && code >= 400 && code < 600);
  if (!isRefused) return undefined;
  const message = typeof fields.message === 'string' ? fields.message.slice(0, 300) : 'no message';
  return { code: code >= 400 && code < 600 ? code : Math.max(status, 500), message };
}

/** Which credits are used up, of a refusal with 429: its two forms differ in nothing but the text. */
export function exhaustedBy({ code, message }: RestRefusal): 'minute' | 'day' | undefined {
  if (code !== 429) return undefined;
  return /\b(day|daily)\b/i.test(message) ? 'day' : 'minute';
}

/**
 * The error of a refusal:
 * - `feed.key-refused`: 401; final for this key
 * - `vendor.limited`: 429; the budget knows, so the next request waits; `fields.exhausted` says for what
 * - `vendor.no-data`: 404, and 400 for a range without bars: the vendor has none, now or for good
 * - `vendor.refused`: 400, 403 (not in the plan), 414 and their like: the same request will be refused again
 * - `vendor.unavailable`: 5xx; passes
 */
export function restError(what: string, refusal: RestRefusal): PipelineError {
  const code = errorCodeOf(refusal);
  const retriable = code === 'vendor.limited' || code === 'vendor.unavailable';
  const fields = { vendorCode: refusal.code, exhausted: exhaustedBy(refusal) };
  return new PipelineError(code, `${what} was answered with code ${refusal.code}: ${refusal.message}`, { retriable, fields });
}

function errorCodeOf({ code, message }: RestRefusal): ErrorCode {
  if (code === 401) return 'feed.key-refused';
  if (code === 429) return 'vendor.limited';
  if (code === 404 || (code === 400 && /^no data is available\b/i.test(message))) return 'vendor.no-data';
  return code >= 500 || code === 408 ? 'vendor.unavailable' : 'vendor.refused';
}
