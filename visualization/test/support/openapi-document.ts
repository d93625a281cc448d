/** The parts of the OpenAPI document that tests ask for. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export interface OpenApiParameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, { readonly get: OpenApiOperation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface OpenApiOperation {
  readonly parameters: readonly OpenApiParameter[];
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;
}

/** Checks values against a schema of the document. */
export function validatorOf(document: OpenApiDocument, schema: object): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  ajv.addKeyword('components');
  return ajv.compile({ ...schema, components: document.components });
}

/** A query's text as the value that the document describes. */
export function typed(schema: OpenApiParameter['schema'], text: string): unknown {
  if (schema.type === 'array') return text.split(',');
  if (schema.type === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

/** The text of a value in a query. */
export function queryTextOf(value: unknown): string {
  return encodeURIComponent(Array.isArray(value) ? value.join(',') : String(value));
}
