/** Never answers a subscription; the prices come all the same. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const unanswered = misbehaviourKind({
  summary: 'never answers a subscription',
  schema: z.strictObject({ kind: z.literal('unanswered'), connections }),
  fault: () => ({ connection: () => ({ status: () => undefined }) }),
});
