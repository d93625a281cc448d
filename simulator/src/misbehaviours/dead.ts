/** Goes dead: TCP stays open and nothing comes any more, no pong either. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const dead = misbehaviourKind({
  summary: 'goes dead: TCP stays open, nothing is sent, no pong either',
  schema: z.strictObject({
    kind: z.literal('dead'),
    afterMessages: z.int().min(0).optional().describe('after the Nth price; from the beginning when absent'),
    connections,
  }),
  fault: ({ afterMessages = 0 }) => ({
    connection: () => {
      let sent = 0;
      return {
        price: out => {
          if (sent >= afterMessages) return [];
          sent += 1;
          return [out];
        },
        silent: () => sent >= afterMessages,
      };
    },
  }),
});
