/** Refuses every symbol because the plan's WebSocket credits are used up. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const planExhausted = misbehaviourKind({
  summary: 'refuses every symbol because the plan is exhausted',
  schema: z.strictObject({
    kind: z.literal('plan-exhausted'),
    message: z.string().optional().describe("the vendor's message; that the credits are used up, when absent"),
    connections,
  }),
  fault: ({ message }) => ({
    connection: () => ({
      refuse: () => message ?? 'You have run out of WebSocket credits, the limit of your plan is 8. Consider upgrading your plan.',
    }),
  }),
});
