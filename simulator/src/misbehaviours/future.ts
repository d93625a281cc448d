/** Stamps some prices with a time that has not come yet. */
import { z } from 'zod';
import { connections, eachNth, every, misbehaviourKind } from './fault.ts';

export const future = misbehaviourKind({
  summary: 'stamps some prices ahead of time',
  schema: z.strictObject({
    kind: z.literal('future'),
    every,
    aheadMs: z.int().min(1000).optional().describe('how far, in milliseconds, cut to whole seconds; 60000 when absent'),
    connections,
  }),
  fault: options => ({
    connection: () => {
      const due = eachNth(options.every);
      const aheadSeconds = Math.floor((options.aheadMs ?? 60_000) / 1000);
      return {
        price: out => {
          if (!due()) return [out];
          return [{ event: { ...out.event, timestamp: Number(out.event.timestamp) + aheadSeconds }, timeMs: out.timeMs }];
        },
      };
    },
  }),
});
