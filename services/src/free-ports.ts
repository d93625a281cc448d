/**
 * This file picks ports on loopback that nobody listens on.
 *
 * They lie below the range from which systems give outgoing connections their ports (32,768 on Linux, 49,152 on macOS). A port
 * got by binding to 0 lies inside it: while a killed broker is down, any client's connection could be given that port, and
 * the broker could not come back to its address.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { PipelineError } from '@tapeline/core/errors';

const FIRST_PORT = 15_000;
const END_PORT = 32_000;
const ATTEMPTS = 200;

/**
 * `count` different ports that were free a moment ago; another process may still take one before its user binds it.
 *
 * @param host @default '127.0.0.1'
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && ports.size < count; attempt++) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (await isFree(port, host)) ports.add(port);
  }
  if (ports.size < count) {
    const message = `${count} free ports on ${host} from ${FIRST_PORT} to ${END_PORT} were not found in ${ATTEMPTS} attempts`;
    throw new PipelineError('services.unavailable', message, { retriable: true });
  }
  return [...ports];
}

/** True when a listener can be opened there now. */
export async function isFree(port: number, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  return await promise;
}
