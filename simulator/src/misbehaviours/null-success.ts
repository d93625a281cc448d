/** Answers a subscription with `"success":null`, as the vendor sometimes does; the prices come all the same. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const nullSuccess = misbehaviourKind({
  summary: 'answers a subscription with "success":null',
  schema: z.strictObject({ kind: z.literal('null-success'), connections }),
  fault: () => ({ connection: () => ({ status: status => ({ ...status, success: null }) }) }),
});
