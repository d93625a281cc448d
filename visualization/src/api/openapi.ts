/** The OpenAPI 3.1 document of the HTTP interface, made of the definitions that check parameters and name the fields of answers. */
import { z } from 'zod';
import { format } from './known-parameters.ts';
import type { Parameter } from './query-parameters.ts';
import type { TableRoute } from './table-route.ts';
import { feedRow } from './table-rows.ts';

type Json = Readonly<Record<string, unknown>>;

const errorSchema = z.object({
  error: z.object({
    code: z.string().describe('what went wrong, for programs'),
    message: z.string().describe('what was given, what is expected and what to do, for people'),
  }),
});

const missingSpan = z
  .object({ fromMs: z.int(), toMs: z.int() })
  .describe('bars of this half-open span are not known yet, in milliseconds since 1970: the stream processors are behind; ask again later');
const missingHeader = { description: '`<fromMs>-<toMs>` when the answer has `missing`', schema: { type: 'string' } };

const errorAnswers = {
  400: errorAnswer('a parameter is wrong: the message names it, what was given and what is expected'),
  401: errorAnswer('the board has a token, and the request does not show it'),
  503: {
    ...errorAnswer('the store is away, or too many answers are under way: try again after `Retry-After` seconds'),
    headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } },
  },
};

/** The document, for routes that all answer with tables. */
export function openApiOf(routes: readonly TableRoute[]): Json {
  const tables = routes.map(route => [route.path, { get: tableOperation(route) }] as const);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tapeline',
      version: '1',
      description:
        'Bars, prices, gaps and alerts of a market. Times are milliseconds since 1970; absent values are absent in JSON and empty in CSV.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths: {
      ...Object.fromEntries(tables),
      '/api/feeds': { get: plainOperation('feeds', 'The state of every feed', z.object({ feeds: z.array(feedRow) })) },
      '/api/openapi.json': { get: plainOperation('openapi', 'This document', z.looseObject({ openapi: z.string() })) },
    },
    components: {
      schemas: { Error: schemaOf(errorSchema, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'where `HTTP_TOKEN` is set' } },
    },
  };
}

function tableOperation({ name, summary, parameters, row, canMiss = false }: TableRoute): Json {
  const next = z.string().optional().describe('there is more: send it as `after`, the other parameters unchanged');
  const table = schemaOf(z.object({ [name]: z.array(row), ...(canMiss ? { missing: missingSpan.optional() } : {}), next }), 'output');
  const link = { Link: { description: '`<…>; rel="next"` when there is more', schema: { type: 'string' } } };
  return {
    operationId: name,
    summary,
    parameters: Object.entries({ ...parameters, format }).map(([parameter, definition]) => parameterOf(parameter, definition)),
    responses: {
      200: {
        description: 'the rows',
        headers: { ...link, ...(canMiss ? { 'Tapeline-Missing': missingHeader } : {}) },
        content: { 'application/json': { schema: table }, 'text/csv': { schema: { type: 'string' } } },
      },
      ...errorAnswers,
    },
  };
}

function plainOperation(operationId: string, summary: string, answer: z.ZodType): Json {
  const content = { 'application/json': { schema: schemaOf(answer, 'output') } };
  return { operationId, summary, parameters: [], responses: { 200: { description: summary, content }, ...errorAnswers } };
}

function parameterOf(name: string, { schema, description, example, missing }: Parameter<unknown>): Json {
  const shape = schemaOf(schema, 'input');
  const isList = shape.type === 'array';
  return {
    name,
    in: 'query',
    required: missing !== undefined,
    description,
    schema: shape,
    ...(isList ? { style: 'form', explode: false } : { allowReserved: true }),
    ...(example === undefined ? {} : { example: exampleOf(shape, example) }),
  };
}

/** The example as a value of its type: in the document a number is a number. */
function exampleOf({ type }: Json, example: string): unknown {
  if (type === 'array') return example.split(',');
  return type === 'integer' || type === 'boolean' ? JSON.parse(example) : example;
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, { io });
  return shape;
}

function errorAnswer(description: string): Json {
  return { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } };
}
