/** Sends the last price of each symbol again when a new session subscribes to it. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const repeatLast = misbehaviourKind({
  summary: 'sends the last price of each symbol again at the beginning of a session',
  schema: z.strictObject({ kind: z.literal('repeat-last'), connections }),
  fault: () => ({
    connection: wire => ({
      afterStatus: symbols =>
        symbols.flatMap(symbol => {
          const last = wire.lastPrice(symbol);
          return last === undefined ? [] : [last];
        }),
    }),
  }),
});
