/** Sends prices in another order: holds `within` of them and lets them go shuffled, never in their own order. */
import { z } from 'zod';
import { connections, misbehaviourKind, type Outgoing } from './fault.ts';

export const reorder = misbehaviourKind({
  summary: 'shuffles the prices within each N',
  schema: z.strictObject({
    kind: z.literal('reorder'),
    within: z.int().min(2).max(10_000).optional().describe('how many are held and shuffled; 2 when absent'),
    connections,
  }),
  fault: ({ within = 2 }) => ({
    connection: wire => {
      let held: Outgoing[] = [];
      const release = (): readonly Outgoing[] => {
        const all = held;
        held = [];
        return shuffled(all, () => wire.random());
      };
      return {
        price: out => {
          held.push(out);
          return held.length < within ? [] : release();
        },
        flush: release,
      };
    },
  }),
});

/** Sattolo's shuffle: one cycle through all, so that no item stays where it was. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * last);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
