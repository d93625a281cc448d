/** This file asks a cluster, by kubectl, whether what was applied also runs. */
import { randomBytes } from 'node:crypto';
import { namespaces } from '../names.ts';
import { type ProcessVariables, runProgram } from './program.ts';

/** What kubectl prints; `input` is for `-f -`. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** kubectl for one context of a kubeconfig. */
export function kubectlFor(kubeconfig: string | undefined, context: string, environment: ProcessVariables): Kubectl {
  const where = [...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), '--context', context];
  return async (args, input) =>
    (await runProgram('kubectl', [...where, ...args], { environment, ...(input === undefined ? {} : { input }) })).text;
}

/**
 * Returns when every Deployment and StatefulSet of our namespaces has rolled out and every Job is done.
 *
 * @throws PipelineError `services.unavailable` with what kubectl says of the one that is late
 */
export async function waitUntilReady(kubectl: Kubectl, timeoutSeconds: number): Promise<void> {
  const timeout = `--timeout=${timeoutSeconds}s`;
  for (const namespace of Object.values(namespaces)) {
    const names = await kubectl(['-n', namespace, 'get', 'deployments,statefulsets', '-o', 'name']);
    for (const name of lines(names)) await kubectl(['-n', namespace, 'rollout', 'status', name, timeout]);
    const jobs = lines(await kubectl(['-n', namespace, 'get', 'jobs', '-o', 'name']));
    if (jobs.length > 0) await kubectl(['-n', namespace, 'wait', '--for=condition=complete', timeout, ...jobs]);
  }
}

/**
 * Gives Grafana an administrator where no secret manager does: a Secret with a random password, made once and then left alone.
 * Terraform never sees it.
 */
export async function ensureGrafanaAdmin(kubectl: Kubectl): Promise<void> {
  const there = await kubectl(['-n', namespaces.pipeline, 'get', 'secret', 'grafana-admin', '--ignore-not-found', '-o', 'name']);
  if (there.trim() !== '') return;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'grafana-admin', namespace: namespaces.pipeline, labels: { 'app.kubernetes.io/part-of': 'tapeline' } },
    stringData: { username: 'admin', password: randomBytes(18).toString('base64url') },
  };
  await kubectl(['create', '-f', '-'], JSON.stringify(secret));
}

/** A way in for people: a port-forward, and the address that it opens. */
export interface WayToService {
  readonly name: string;
  readonly address: string;
  readonly service: string;
  readonly ports: string;
}

export const waysToServices: readonly WayToService[] = [
  { name: 'live board', address: 'http://127.0.0.1:8080', service: 'live-board', ports: '8080:8080' },
  { name: 'Grafana', address: 'http://127.0.0.1:3000', service: 'grafana', ports: '3000:3000' },
  { name: 'Kafdrop', address: 'http://127.0.0.1:9000', service: 'kafdrop', ports: '9000:9000' },
];

function lines(text: string): readonly string[] {
  return text.split('\n').filter(line => line !== '');
}
