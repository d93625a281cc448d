/** Sends one message that is far larger than any that the vendor sends, once on each connection. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const huge = misbehaviourKind({
  summary: 'sends one huge message on each connection',
  schema: z.strictObject({
    kind: z.literal('huge'),
    afterMessages: z.int().min(1).optional().describe('after the Nth price; the first when absent'),
    bytes: z.int().min(1_000).max(268_435_456).optional().describe('how large; 16 MiB when absent'),
    connections,
  }),
  fault: ({ afterMessages = 1, bytes = 16_777_216 }) => ({
    connection: () => {
      let sent = 0;
      return {
        price: out => {
          sent += 1;
          if (sent !== afterMessages) return [out];
          return [out, { event: { event: 'notice', padding: 'x'.repeat(bytes - 31) }, timeMs: out.timeMs }];
        },
      };
    },
  }),
});
