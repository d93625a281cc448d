/** Refuses some symbols and accepts the others: `status` is `warning`, or `error` when none is left. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const refuseSymbols = misbehaviourKind({
  summary: 'refuses some symbols',
  schema: z.strictObject({
    kind: z.literal('refuse-symbols'),
    symbols: z.array(z.string().min(1)).min(1).describe('which; on the command line with + between them'),
    message: z.string().optional().describe("the vendor's message; that one is not authorized, when absent"),
    connections,
  }),
  fault: ({ symbols, message }) => ({
    connection: () => ({
      refuse: symbol => (symbols.includes(symbol) ? (message ?? `You are not authorized to access ${symbol} data.`) : undefined),
    }),
  }),
});
