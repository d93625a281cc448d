/** Refuses the key at the upgrade, as the vendor does: HTTP 200 with a JSON body that says 401. */
import { z } from 'zod';
import { connections, misbehaviourKind, type UpgradeRefusal } from './fault.ts';

export const refuseKey = misbehaviourKind({
  summary: 'refuses the key at the upgrade',
  schema: z.strictObject({
    kind: z.literal('refuse-key'),
    status: z.literal([200, 401, 403]).optional().describe('HTTP status: 200, 401 or 403; 200 with code 401 in the body when absent'),
    connections,
  }),
  fault: ({ status }) => ({ upgrade: () => keyRefusal(status) }),
});

/** The answer to a key that is refused. */
export function keyRefusal(status: 200 | 401 | 403 = 200): UpgradeRefusal {
  const code = status === 200 ? 401 : status;
  const message =
    code === 401
      ? '**apikey** parameter is incorrect or not specified. You can get your free API key at any time from your account.'
      : 'Your plan does not include WebSocket access. Consider upgrading your plan.';
  return { status, contentType: 'application/json', body: JSON.stringify({ code, message, status: 'error' }) };
}
