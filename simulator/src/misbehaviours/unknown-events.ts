/** Sends events that nobody documented, between the prices. The prices themselves all go out. */
import { z } from 'zod';
import { connections, eachNth, every, misbehaviourKind } from './fault.ts';

const events: readonly Readonly<Record<string, unknown>>[] = [
  { event: 'maintenance', message: 'scheduled for the weekend' },
  { type: 'greeting', text: 'an object without an event' },
];

export const unknownEvents = misbehaviourKind({
  summary: 'sends events that nobody documented between the prices',
  schema: z.strictObject({ kind: z.literal('unknown-events'), every, connections }),
  fault: options => ({
    connection: () => {
      const due = eachNth(options.every);
      let next = 0;
      return {
        price: out => {
          if (!due()) return [out];
          const event = events[next % events.length] ?? {};
          next += 1;
          return [out, { event, timeMs: out.timeMs }];
        },
      };
    },
  }),
});
