/** Turns feed records into bytes and back, and refuses by field and reason what is not one. */
import { z } from 'zod';
import { type Alert, alertSchema } from './alerts.ts';
import { deadLetterSchema } from './dead-letters.ts';
import { PipelineError, reasonOf } from './errors.ts';
import { parseJson } from './json-text.ts';
import { type FeedRecord, feedRecordSchema, recordFormat } from './records.ts';

/**
 * Encodes a record as compact JSON, UTF-8.
 * @throws PipelineError `record.invalid` when a field is not what its kind asks for.
 */
export function encodeRecord(record: FeedRecord): Uint8Array {
  return Buffer.from(JSON.stringify(checked(feedRecordSchema, record)));
}

/**
 * Decodes one record.
 * @throws PipelineError `record.invalid` with the field and the reason; `record.newer` when the format is above
 *   {@link recordFormat}.
 */
export function decodeRecord(bytes: Uint8Array | undefined): FeedRecord {
  return checked(feedRecordSchema, valueIn(bytes));
}

/**
 * Decodes a record of `market-data.alerts`.
 * @throws PipelineError as {@link decodeRecord} does.
 */
export function decodeAlert(bytes: Uint8Array | undefined): Alert {
  return checked(alertSchema, valueIn(bytes));
}

/** JSON Schema (2020-12) of each kind of record, for consumers in other languages. */
export function recordJsonSchemas(): Readonly<Record<string, unknown>> {
  const schemas: Record<string, unknown> = {};
  for (const option of [...feedRecordSchema.options, alertSchema, deadLetterSchema]) {
    const [kind] = option.shape.kind.values;
    schemas[String(kind)] = z.toJSONSchema(option);
  }
  return schemas;
}

function valueIn(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) throw refused('record has no value (a tombstone), expected compact JSON');
  let value: unknown;
  try {
    value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refused(`record is not JSON in UTF-8: ${reasonOf(error)}`);
  }
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
  if (Number.isSafeInteger(version) && Number(version) > recordFormat) {
    throw new PipelineError(
      'record.newer',
      `record has format ${version}, this reader knows up to ${recordFormat}: upgrade the readers first`,
      {
        retriable: false,
        fields: { version },
      },
    );
  }
  return value;
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(issue => `${issue.path.join('.') || 'record'}: ${issue.message}`);
  throw refused(faults.join('; '));
}

function refused(detail: string): PipelineError {
  return new PipelineError('record.invalid', detail, { retriable: false });
}
