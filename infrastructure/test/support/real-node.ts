/**
 * This file starts one real Kubernetes node (`shared/tools/k8s/node.sh`): pods are processes there, in namespaces of their own.
 *
 * It needs root and some Debian packages. It ends, with all that it made, with the process that started it, however that one ends.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PipelineError } from '@tapeline/core/errors';
import { describeUnless } from '@tapeline/services/for-tests';
import { kubernetesTools, missingKubernetesTools } from '@tapeline/services/kubernetes-tools';

/** A program that node.sh wants, and the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  conntrack: 'conntrack',
  socat: 'socat',
  nft: 'nftables',
  ip: 'iproute2',
  gcc: 'gcc',
  python3: 'python3',
  terraform: 'terraform',
};
const pluginFolder = '/usr/lib/cni';
/** The account of every pod of ours. */
const POD_USER = 10_001;

export interface RealNode {
  readonly directory: string;
  readonly kubeconfig: string;
  /** Folder with helm and the Terraform provider mirror. */
  readonly bin: string;
  /** Folder with make-rootfs.sh. */
  readonly scripts: string;
  /** What kubectl prints on standard output; `input` is for `-f -`. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Brings an archive of images into the node's containerd. */
  importImages(archive: string): Promise<void>;
  /** Gives an image of the node another name. */
  tagImage(name: string, newName: string): Promise<void>;
  /** Runs a program of this machine in the cluster's network, with the cluster's names; gives its standard output. */
  runInside(program: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string>;
  /** A folder of the node that pods may write to; it stays when they go. */
  makeVolumeFolder(name: string): string;
  /** Ends everything and removes the folder. */
  wipe(): Promise<void>;
}

/** A `describe` that needs a real node. */
export function describeWithRealNode(name: string, tests: () => void): void {
  describeUnless(missingForRealNode(), name, tests);
}

/** What this machine lacks for a real node, with the remedy; undefined when it lacks nothing. */
function missingForRealNode(): PipelineError | undefined {
  const missing = missingKubernetesTools();
  if (missing !== undefined) return missing;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const absent = Object.entries(programs).filter(([name]) => !folders.some(folder => existsSync(join(folder, name))));
  const packages = new Set(absent.map(([, name]) => name));
  if (!existsSync(join(pluginFolder, 'bridge'))) packages.add('containernetworking-plugins');
  if (packages.size > 0) {
    const names = [...packages].join(' ');
    return unavailable(`a real Kubernetes node needs ${names}; install them (Debian: apt-get install --no-install-recommends ${names})`);
  }
  return process.getuid?.() === 0 ? undefined : unavailable('a real Kubernetes node needs root');
}

/**
 * Returns when the node is Ready: some 10 s on an idle machine of two cores.
 *
 * @param directory a short path of its own, for sockets are in it
 */
export async function startRealNode(directory: string): Promise<RealNode> {
  const missing = missingForRealNode();
  if (missing !== undefined) throw missing;
  const { scripts, bin } = await kubernetesTools();
  const script = join(scripts, 'node.sh');
  // A node that reports late on a busy machine would be held for dead, and its pods be sent away.
  const environment = { ...process.env, BIN: bin, KCM_ARGS: '--node-monitor-grace-period=1h' };
  mkdirSync(directory, { recursive: true });
  const watchdog = wipeWithThisProcess(script, directory, environment);
  const nodeScript = (...args: readonly string[]) => execute(script, args, { environment });
  const wipe = async () => {
    await nodeScript('wipe', directory);
    watchdog.kill('SIGKILL');
  };
  try {
    await nodeScript('up', directory);
  } catch (error) {
    await wipe();
    throw error;
  }
  const kubeconfig = join(directory, 'kubeconfig');
  const names = join(directory, 'names.conf');
  writeFileSync(names, 'nameserver 10.250.0.2\nsearch svc.cluster.local cluster.local\noptions ndots:5\n');
  return {
    directory,
    kubeconfig,
    bin,
    scripts,
    kubectl: (args, input) => execute('kubectl', ['--kubeconfig', kubeconfig, ...args], { environment, input }),
    importImages: async archive => void (await nodeScript('import', directory, archive)),
    tagImage: async (name, newName) => void (await nodeScript('ctr', directory, 'images', 'tag', name, newName)),
    runInside: (program, args, variables) => {
      const withNames = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
      const inside = ['exec', directory, 'unshare', '--mount', 'sh', '-c', withNames, names, program, ...args];
      return execute(script, inside, { environment: { ...environment, ...variables } });
    },
    makeVolumeFolder: name => {
      const folder = join(directory, 'volumes', name);
      mkdirSync(folder, { recursive: true });
      chownSync(folder, POD_USER, POD_USER);
      return folder;
    },
    wipe,
  };
}

/** The node runs in sessions of its own, so nothing but this would end it after a `kill -9` of ours. */
function wipeWithThisProcess(script: string, directory: string, env: NodeJS.ProcessEnv): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', 'read -r nothing; exec "$1" wipe "$2"', 'tapeline-watchdog', script, directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  });
  watchdog.unref();
  const pipe = watchdog.stdin;
  // A pipe to a child keeps the event loop alive unless told not to; the types do not know that it is a socket.
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  pipe.on('error', () => undefined);
  return watchdog;
}

/** Runs a program to its end and gives its standard output. */
export async function execute(
  program: string,
  args: readonly string[],
  options: { readonly environment?: NodeJS.ProcessEnv; readonly input?: string | undefined; readonly directory?: string } = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const settings = { env: options.environment ?? process.env, cwd: options.directory, maxBuffer: 256 * 1024 * 1024 };
  const child = execFile(program, args, settings, (error, stdout, stderr) => {
    if (error === null) return resolve(stdout);
    reject(unavailable(`${program} ${args.join(' ')} failed: ${`${stdout}${stderr}`.trim() || error.message}`, error));
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  return await promise;
}

function unavailable(message: string, cause?: unknown): PipelineError {
  return new PipelineError('services.unavailable', message, { retriable: false, cause });
}
