/**
 * The one error that Tapeline throws on purpose.
 *
 * Branch on `code` and `retriable`, never on the message. A message reads: what · value given · expected · remedy,
 * in lower case. A programming error is not a `PipelineError`; it ends the process.
 */

export const errorCodes = [
  'configuration.invalid',
  'record.invalid',
  'record.newer',
  'recording.malformed',
  'recording.unreadable',
  'feed.key-refused',
  'feed.closed',
  'vendor.unavailable',
  'vendor.malformed',
  'vendor.limited',
  'vendor.refused',
  'vendor.no-data',
  'log.unavailable',
  'log.full',
  'log.out-of-range',
  'store.unavailable',
  'store.full',
  'store.schema-missing',
  'snapshot.invalid',
  'fold.memory',
  'snapshot.too-old',
  'data-dir.unusable',
  'lease.unavailable',
  'lease.refused',
  'export.unavailable',
  'export.refused',
  'services.unavailable',
  'usage',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export interface PipelineErrorOptions {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retriable: boolean;
  readonly cause?: unknown;
  /** Facts for the log line; never a secret. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export class PipelineError extends Error {
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: PipelineErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.retriable = options.retriable;
    this.fields = options.fields ?? {};
  }
}

/** `usage`: what was asked for cannot be done so; trying again changes nothing. */
export function usageError(message: string, cause?: unknown): PipelineError {
  return new PipelineError('usage', message, { retriable: false, cause });
}

/** True when `error` is ours and carries this code. */
export function hasCode(error: unknown, code: ErrorCode): error is PipelineError {
  return error instanceof PipelineError && error.code === code;
}

/** True when waiting helps: it passes by itself, or a disk is full that somebody can make room on. */
export function isPassing(error: unknown): error is PipelineError {
  return error instanceof PipelineError && (error.retriable || error.code.endsWith('.full'));
}

/** The text of anything that was thrown, for a message of our own. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
