/** Holds some prices back: they keep their stamps and come after younger ones. */
import { z } from 'zod';
import { connections, eachNth, every, misbehaviourKind, type Outgoing } from './fault.ts';

export const delay = misbehaviourKind({
  summary: 'holds some prices back, so that they come late with their own stamps',
  schema: z.strictObject({
    kind: z.literal('delay'),
    every,
    delayMs: z.int().min(1).max(3_600_000).optional().describe('how long, in milliseconds of real time; 5000 when absent'),
    connections,
  }),
  fault: options => ({
    connection: wire => {
      const due = eachNth(options.every);
      const held = new Set<Outgoing>();
      return {
        price: out => {
          if (!due()) return [out];
          held.add(out);
          wire.later(options.delayMs ?? 5_000, () => {
            if (held.delete(out)) wire.send(out);
          });
          return [];
        },
        flush: () => {
          const all = [...held];
          held.clear();
          return all;
        },
      };
    },
  }),
});
