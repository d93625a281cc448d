/** Sends prices more than once, in every field the same. */
import { z } from 'zod';
import { connections, eachNth, every, misbehaviourKind } from './fault.ts';

export const duplicate = misbehaviourKind({
  summary: 'sends prices more than once',
  schema: z.strictObject({
    kind: z.literal('duplicate'),
    every,
    copies: z.int().min(1).max(1000).optional().describe('how many more; 1 when absent'),
    connections,
  }),
  fault: options => ({
    connection: () => {
      const due = eachNth(options.every);
      return { price: out => (due() ? Array.from({ length: 1 + (options.copies ?? 1) }, () => out) : [out]) };
    },
  }),
});
