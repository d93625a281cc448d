/** Liveness, readiness and metrics: what Kubernetes and Prometheus ask of a process. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { PipelineError } from './errors.ts';

export interface ProbeAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface Probes {
  livez(): ProbeAnswer;
  readyz(): ProbeAnswer;
  metrics(): Promise<ProbeAnswer>;
}

/** A part of a process that is ready or says why not. */
export interface ReadinessCheck {
  readonly name: string;
  /** `undefined` when ready; otherwise what is missing. */
  check(): string | undefined;
}

export interface ProbesOptions {
  readonly checks: readonly ReadinessCheck[];
  readonly registry: Registry;
  /** A last line of `/readyz`, ready or not: `role: standby`. */
  readonly remark?: () => string | undefined;
}

/** Builds the three answers from the checks and the registry of a process. */
export function createProbes(options: ProbesOptions): Probes {
  return {
    livez: () => ({ status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' }),
    readyz: () => {
      const missing = options.checks.map(({ name, check }) => ({ name, why: check() })).filter(({ why }) => why !== undefined);
      const body = missing.length === 0 ? 'ok\n' : missing.map(({ name, why }) => `${name}: ${why}\n`).join('');
      const remark = options.remark?.();
      return {
        status: missing.length === 0 ? 200 : 503,
        type: 'text/plain; charset=utf-8',
        body: remark === undefined ? body : `${body}${remark}\n`,
      };
    },
    metrics: async () => ({ status: 200, type: options.registry.contentType, body: await options.registry.metrics() }),
  };
}

export interface ProbeServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/livez`, `/readyz` and `/metrics` for a process without a web server of its own.
 * @throws PipelineError `configuration.invalid` when the address cannot be listened on.
 */
export async function serveProbes(options: {
  readonly probes: Probes;
  readonly host: string;
  readonly port: number;
}): Promise<ProbeServer> {
  const server = createServer(async (request, response) => {
    const answer = await answerTo(request.url ?? '/', options.probes);
    response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store' }).end(answer.body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => reject(cannotListen(options.host, options.port, cause)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The error for an address that cannot be listened on, with its remedy. */
export function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): PipelineError {
  // Taken, or one below 1024 that this user may not have: all else is about the host.
  const isPort = cause.code === 'EADDRINUSE' || cause.code === 'EACCES';
  const remedy = isPort
    ? 'set HTTP_PORT to a free port, or to 0 for any'
    : 'set HTTP_HOST to an address of this machine: 127.0.0.1 for itself alone, 0.0.0.0 for all of its networks';
  return new PipelineError('configuration.invalid', `cannot listen on ${host}:${port} (${cause.message}): ${remedy}`, {
    retriable: false,
    cause,
  });
}

async function answerTo(url: string, probes: Probes): Promise<ProbeAnswer> {
  const path = url.split('?', 1)[0];
  if (path === '/livez') return probes.livez();
  if (path === '/readyz') return probes.readyz();
  if (path === '/metrics') return probes.metrics();
  return { status: 404, type: 'text/plain; charset=utf-8', body: 'try /livez, /readyz or /metrics\n' };
}
