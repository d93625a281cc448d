/** Sends what is no price event, made from the price before it. The prices themselves all go out. */
import { z } from 'zod';
import { connections, eachNth, every, misbehaviourKind, type Outgoing } from './fault.ts';

const forms = {
  truncated: event => JSON.stringify(event).slice(0, -12),
  'not-json': () => 'upstream connect error or disconnect/reset before headers',
  'not-object': event => JSON.stringify([event.symbol, event.price]),
  'wrong-types': event => JSON.stringify({ ...event, symbol: 17, timestamp: 'now' }),
  'no-symbol': event => JSON.stringify({ ...event, symbol: undefined }),
  'no-timestamp': event => JSON.stringify({ ...event, timestamp: undefined }),
  'no-price': event => JSON.stringify({ ...event, price: undefined }),
  'null-price': event => JSON.stringify({ ...event, price: null }),
  'zero-price': event => JSON.stringify({ ...event, price: 0 }),
  'negative-price': event => JSON.stringify({ ...event, price: -Number(event.price) }),
  'text-price': event => JSON.stringify({ ...event, price: String(event.price) }),
} as const satisfies Record<string, (event: Outgoing['event']) => string>;

type Form = keyof typeof forms;

/** The forms in the order in which they are sent. */
export const malformedForms = Object.keys(forms) as readonly Form[];

export const malformed = misbehaviourKind({
  summary: 'sends malformed messages between the prices',
  schema: z.strictObject({
    kind: z.literal('malformed'),
    every,
    form: z
      .enum(malformedForms)
      .optional()
      .describe(`one of ${malformedForms.join(', ')}; one after the other when absent`),
    connections,
  }),
  fault: options => ({
    connection: () => {
      const due = eachNth(options.every);
      let next = 0;
      return {
        price: out => {
          if (!due()) return [out];
          const form = options.form ?? malformedForms[next % malformedForms.length] ?? 'truncated';
          next += 1;
          return [out, { event: out.event, raw: forms[form](out.event), timeMs: out.timeMs }];
        },
      };
    },
  }),
});
