/** Goes mute: the connection stays, heartbeats and pongs are answered, prices come no more. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const mute = misbehaviourKind({
  summary: 'goes mute: answers heartbeats and pings, sends no prices',
  schema: z.strictObject({
    kind: z.literal('mute'),
    afterMessages: z.int().min(0).optional().describe('after the Nth price; from the beginning when absent'),
    connections,
  }),
  fault: ({ afterMessages = 0 }) => ({
    connection: () => {
      let sent = 0;
      return {
        price: out => {
          sent += 1;
          return sent > afterMessages ? [] : [out];
        },
        mute: () => sent >= afterMessages,
      };
    },
  }),
});
