/** Ends a connection: without a close code, as the vendor's sessions end, or with one. */
import { z } from 'zod';
import { connections, misbehaviourKind, type Wire } from './fault.ts';

export const drop = misbehaviourKind({
  summary: 'ends the connection, at once or after so many prices or milliseconds',
  schema: z.strictObject({
    kind: z.literal('drop'),
    afterMessages: z.int().min(1).optional().describe('after the Nth price'),
    afterMs: z.int().min(0).optional().describe('after N milliseconds'),
    code: z.int().min(1000).max(4999).optional().describe('with this close code; without any (TCP ends) when absent'),
    connections,
  }),
  fault: ({ afterMessages, afterMs, code }) => ({
    connection: wire => {
      const end = (): void => endOf(wire, code);
      if (afterMs !== undefined || afterMessages === undefined) wire.later(afterMs ?? 0, end);
      let sent = 0;
      return {
        price: out => {
          sent += 1;
          if (sent === afterMessages) end();
          return [out];
        },
      };
    },
  }),
});

function endOf(wire: Wire, code: number | undefined): void {
  if (code === undefined) wire.terminate();
  else wire.close(code);
}
