/**
 * This file starts a real Kubernetes control plane on loopback, for tests: etcd, API server, controllers, scheduler and fake nodes.
 *
 * Pods of Deployments, StatefulSets and Jobs become ready on the fake nodes without a process behind them. Each instance has a
 * folder and ports of its own, and ends with the process that started it, however that one ends.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { readEnvironment } from './environment.ts';
import { freePorts } from './free-ports.ts';
import { type KubernetesTools, kubernetesTools } from './kubernetes-tools.ts';
import { atOurEnd } from './watchdog.ts';

const portNames = ['API_PORT', 'ETCD_PORT', 'ETCD_PEER_PORT', 'KCM_PORT', 'SCHED_PORT', 'KWOK_PORT'] as const;
const PORT_ATTEMPTS = 3;
/** Twenty times what it takes on an idle machine of two cores. */
const START_DEADLINE_MS = 200_000;

export interface ControlPlaneOptions {
  /** Holds its keys, ports and data; a second start in the same folder finds the same objects. */
  readonly directory: string;
  /** @default 2; 0 leaves kwok out, and pods stay pending */
  readonly fakeNodes?: number | undefined;
  readonly logger?: Logger | undefined;
}

export interface ControlPlane {
  /** File that lets its reader do anything. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:…`, as in the kubeconfig. */
  readonly server: string;
  /** Folder with helm, kubeconform and the Terraform provider mirror. */
  readonly bin: string;
  /**
   * What kubectl prints.
   *
   * @param input for `-f -`
   * @throws PipelineError `services.unavailable` with what kubectl said
   */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Ends its processes; the folder stays. */
  stop(): Promise<void>;
}

/**
 * Returns when the API server is ready and the nodes are: some 10 s.
 *
 * @throws PipelineError `services.unavailable`: tools absent, or the end of the log of the part that did not start
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const tools = await kubernetesTools();
  await mkdir(options.directory, { recursive: true });
  const directory = await realpath(options.directory);
  const begin = performance.now();
  // Its parts run in sessions of their own, so nothing but this would end them after a `kill -9` of ours.
  const watchdog = atOurEnd('exec "$1" down "$2"', join(tools.scripts, 'control-plane.sh'), directory);
  const stop = async () => {
    await controlPlane(tools, 'down', directory, {});
    watchdog.kill('SIGKILL');
  };
  const server = await up(tools, directory, options).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  options.logger?.info({ server, directory }, `kubernetes: ${server} ready after ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
  const kubeconfig = join(directory, 'kubeconfig');
  const kubectl = async (args: readonly string[], input?: string) =>
    await execute('kubectl', ['--kubeconfig', kubeconfig, ...args], {}, input);
  return { kubeconfig, server, bin: tools.bin, kubectl, stop };
}

/** Tries other ports when somebody took one between our look and the bind. */
async function up(tools: KubernetesTools, directory: string, { fakeNodes = 2, logger }: ControlPlaneOptions): Promise<string> {
  // A fake node that reports late on a busy machine would be held for dead, and its pods never become ready again.
  const patience = { KCM_ARGS: '--node-monitor-grace-period=1h' };
  const kwok = { KWOK: fakeNodes > 0 ? '1' : '0', KWOK_NODES: String(fakeNodes), ...patience };
  for (let attempt = 1; ; attempt++) {
    const ports = await portsOf(directory);
    try {
      const said = await controlPlane(tools, 'up', directory, { ...ports, ...kwok });
      return /https:\S+(?=,)/.exec(said)?.[0] ?? '';
    } catch (error) {
      const portTaken = error instanceof PipelineError && /address already in use/i.test(error.message);
      if (!portTaken || attempt === PORT_ATTEMPTS) throw error;
      logger?.warn({ directory, attempt }, 'kubernetes: a port was taken meanwhile, trying others');
      await controlPlane(tools, 'down', directory, {});
      await rm(join(directory, 'ports'), { force: true });
    }
  }
}

/** None for a folder that has its ports already: clients may know them. */
async function portsOf(directory: string): Promise<Readonly<Record<string, string>>> {
  if (existsSync(join(directory, 'ports'))) return {};
  const ports = await freePorts(portNames.length);
  return Object.fromEntries(portNames.map((name, index) => [name, String(ports[index])]));
}

async function controlPlane(
  tools: KubernetesTools,
  command: 'up' | 'down',
  directory: string,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  return await execute(join(tools.scripts, 'control-plane.sh'), [command, directory], { ...variables, BIN: tools.bin });
}

/** Standard output, then standard error. */
async function execute(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  input?: string,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { env: { ...readEnvironment().all, ...variables }, timeout: START_DEADLINE_MS, maxBuffer: 64 * 1024 * 1024 };
  const child = execFile(program, args, options, (error, stdout, stderr) => {
    if (error === null) return resolve(program === 'kubectl' ? stdout : stdout + stderr);
    const message = `${program} ${args.join(' ')} failed: ${`${stdout}${stderr}`.trim() || error.message}`;
    reject(new PipelineError('services.unavailable', message, { retriable: false, cause: error }));
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  await promise.catch(() => undefined);
  return await promise;
}
