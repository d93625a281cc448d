/** What the REST double does wrong on request: the next so many requests, or all. */
import { usageError } from '@tapeline/core/errors';
import { z } from 'zod';

const requests = z.int().min(1).optional();
const as = z.enum(['status', 'body']).optional();

const schema = z.discriminatedUnion('kind', [
  /** Counts at once, answers late. */
  z.object({ kind: z.literal('slow'), delayMs: z.int().min(1).max(3_600_000), requests }),
  /** The connection ends: before the request is counted, after that, or in the middle of the answer. */
  z.object({ kind: z.literal('cut'), when: z.enum(['uncounted', 'counted', 'in-body']), requests }),
  z.object({ kind: z.literal('malformed'), form: z.enum(['not-json', 'truncated', 'wrong-types', 'no-values', 'bad-bars']), requests }),
  /** Counted and refused, with the HTTP status of the code or with 200. */
  z.object({ kind: z.literal('error'), code: z.int().min(400).max(599), message: z.string().optional(), as, requests }),
  /** Says that credits are used up, as when somebody else spends them. */
  z.object({ kind: z.literal('exhausted'), window: z.enum(['minute', 'day']), as, requests }),
  /** 429 with the HTTP status or with 200, when the account refuses. */
  z.object({ kind: z.literal('refusals-as'), as: z.enum(['status', 'body']), requests }),
]);

export type RestFault = Readonly<z.infer<typeof schema>>;

export class RestFaults {
  #fault: RestFault | undefined;
  #left = 0;

  /** @throws PipelineError `usage` for what is none. */
  set(fault: RestFault | undefined): void {
    const result = schema.optional().safeParse(fault);
    if (!result.success) {
      const message = `a fault of the REST double must be one that it knows: ${result.error.issues.map(issue => issue.message).join('; ')}`;
      throw usageError(message);
    }
    this.#fault = result.data;
    this.#left = result.data?.requests ?? Number.POSITIVE_INFINITY;
  }

  /** The fault of the next request. */
  next(): RestFault | undefined {
    if (this.#left <= 0) return undefined;
    this.#left -= 1;
    return this.#fault;
  }
}

/** The text of an answer, spoilt. */
export function malformedText(form: Extract<RestFault, { kind: 'malformed' }>['form'], text: string): string {
  if (form === 'not-json') return '<html><body>Service</body></html>';
  if (form === 'truncated') return text.slice(0, Math.floor(text.length / 2));
  if (form === 'wrong-types') return '{"meta":"none","values":{"0":1},"status":"ok"}';
  const body = JSON.parse(text);
  if (form === 'no-values') return JSON.stringify({ ...body, values: undefined });
  return JSON.stringify({
    ...body,
    values: body.values?.map((value: object, index: number) => (index % 2 === 0 ? { ...value, close: null } : value)),
  });
}
