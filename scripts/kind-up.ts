/**
 * Tapeline in a cluster on this machine, from nothing: images, a kind cluster of three zones, the stacks, and where to look.
 *
 *   npm run kind:up                  again after a change: only what changed is rolled
 *   npm run kind:up -- --open        then keeps the ways to board, Grafana and Kafdrop open until Ctrl-C
 *
 * The steps are those that the tests run on a real node (infrastructure/src/deploy); only kind itself and its loading are not tested here.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError, usageError } from '@tapeline/core/errors';
import { configuredEnvironments } from '../infrastructure/src/configuration.ts';
import { kubectlFor, waysToServices } from '../infrastructure/src/deploy/cluster.ts';
import { deploy } from '../infrastructure/src/deploy/deployment.ts';
import { buildImages } from '../infrastructure/src/deploy/images.ts';
import { createKindCluster, kindContext, loadIntoKind } from '../infrastructure/src/deploy/kind.ts';
import { keepForwarding } from '../infrastructure/src/deploy/port-forward.ts';
import { missingPrograms, neededPrograms } from '../infrastructure/src/deploy/program.ts';
import { namespaces } from '../infrastructure/src/names.ts';
import { imageTag } from './image-tag.ts';

const repository = fileURLToPath(new URL('../', import.meta.url));
const environment = process.env;
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
const show = (text: string): void => void process.stderr.write(text);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (stopping.signal.aborted) return 130;
  if (!(error instanceof PipelineError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return error.code === 'usage' ? 2 : 1;
});

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    say(
      'kind:up [-- --open]: images, a kind cluster of three zones and the stacks; again after a change. --open keeps board, Grafana and Kafdrop open',
    );
    return 0;
  }
  const wrong = args.find(argument => argument !== '--open');
  if (wrong !== undefined) throw usageError(`"${wrong}" is not an option, expected none or --open`);
  const missing = missingPrograms(Object.values(neededPrograms), environment);
  if (missing !== undefined) throw missing;
  const options = { environment, show, signal: stopping.signal };
  const { kind } = configuredEnvironments(environment, () => imageTag(repository));

  say(`1/4 images of ${kind.imageTag}`);
  const images = await buildImages({ ...options, repository, tag: kind.imageTag });
  say('2/4 a cluster of three zones');
  await createKindCluster(join(repository, 'infrastructure/kind/cluster.yaml'), options);
  say('3/4 images into its nodes');
  await loadIntoKind(images, options);
  say('4/4 platform and pipeline; the first time some minutes');
  await bringUp(kind);
  say(whereToLook());
  if (args.includes('--open')) await keepOpen();
  return 0;
}

async function bringUp(kind: Parameters<typeof deploy>[0]['environment']): Promise<void> {
  await deploy({
    environment: kind,
    outdir: join(repository, '.tapeline/cdktf.out'),
    kubeconfig: kubeconfigFile(),
    context: kindContext,
    kubectl: kubectlFor(undefined, kindContext, environment),
    processVariables: environment,
    show,
    readyWithinSeconds: 900,
    signal: stopping.signal,
  });
}

function whereToLook(): string {
  const kubectl = `kubectl --context ${kindContext} -n ${namespaces.pipeline}`;
  const width = Math.max(...waysToServices.map(({ name }) => name.length));
  return [
    '',
    'Ready. `npm run kind:up -- --open` opens these, or one by one:',
    ...waysToServices.map(
      ({ name, address, service, ports }) => `  ${name.padEnd(width)}  ${address}  ${kubectl} port-forward service/${service} ${ports}`,
    ),
    `Grafana's user is admin; its password: ${kubectl} get secret grafana-admin -o jsonpath='{.data.password}' | base64 -d`,
    'Everything goes with `npm run kind:down`.',
  ].join('\n');
}

async function keepOpen(): Promise<void> {
  say('\nOpen until Ctrl-C.');
  const where = ['--context', kindContext, '-n', namespaces.pipeline];
  await Promise.all(waysToServices.map(way => keepForwarding(way, { where, environment, say, signal: stopping.signal })));
}

/** kind writes its context into the first of KUBECONFIG's files. */
function kubeconfigFile(): string {
  const [first] = (environment.KUBECONFIG ?? '').split(':');
  return first === undefined || first === '' ? join(homedir(), '.kube', 'config') : first;
}
