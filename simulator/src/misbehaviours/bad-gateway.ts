/** Answers the upgrade with 502, as a proxy before the vendor does while the vendor is restarted. */
import { z } from 'zod';
import { connections, misbehaviourKind } from './fault.ts';

export const badGateway = misbehaviourKind({
  summary: 'answers the upgrade with 502',
  schema: z.strictObject({ kind: z.literal('bad-gateway'), connections }),
  fault: () => ({
    upgrade: () => ({ status: 502, contentType: 'text/html', body: '<html><body><h1>502 Bad Gateway</h1></body></html>' }),
  }),
});
