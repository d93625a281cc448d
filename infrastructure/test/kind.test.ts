import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { waysToServices } from '../src/deploy/cluster.ts';
import { ourImages } from '../src/deploy/images.ts';
import { kindCluster } from '../src/deploy/kind.ts';
import { images } from '../src/versions.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

describe('kind', () => {
  it('has a cluster of three zones, on nodes of the pinned image, whose first node takes pods too', () => {
    const cluster = parse(readFileSync(join(repository, 'infrastructure/kind/cluster.yaml'), 'utf8'));
    const nodes = cluster.nodes as readonly { readonly image: string; readonly labels: Readonly<Record<string, string>> }[];
    expect(cluster.name).toBe(kindCluster);
    expect(nodes.map(({ labels }) => labels['topology.kubernetes.io/zone'])).toEqual(['zone-a', 'zone-b', 'zone-c']);
    expect(new Set(nodes.map(({ image }) => image))).toEqual(new Set([images.kindNode]));
    expect(parse(cluster.nodes[0].kubeadmConfigPatches[0]).nodeRegistration.taints).toEqual([]);
  });

  it('gets an image from every Dockerfile target that a chart wants', () => {
    const targets = [...readFileSync(join(repository, 'Dockerfile'), 'utf8').matchAll(/^FROM process AS ([\w-]+)$/gm)].map(
      ([, name]) => name,
    );
    expect(ourImages.flatMap(({ target }) => target ?? [])).toEqual(targets);
    for (const { dockerfile } of ourImages) expect(existsSync(join(repository, dockerfile))).toBe(true);
  });

  it.each([
    ['kind-up.ts', ['docker', 'kind', 'kubectl', 'terraform']],
    ['kind-down.ts', ['docker', 'kind']],
  ])('%s says what is missing and how to get it', (script, programs) => {
    const { status, stderr } = runScript(script, [], temporaryFolder('empty'));
    expect(status).toBe(1);
    expect(
      stderr
        .trim()
        .split('\n')
        .map(line => line.replace(/https:\S+?(?=\)|$)/, '…')),
    ).toEqual(programs.map(name => missing[name]));
  });

  it('up builds, makes the cluster, loads, applies platform and pipeline, and says where to look', () => {
    const folder = temporaryFolder('programs');
    const { status, stdout, stderr } = runScript('kind-up.ts', [], standIns(folder));
    expect([status, stderr]).toEqual([0, '']);
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    const images = ourImages.map(({ repository: name }) => `${name}:test`);
    expect(calls).toEqual([
      ...images.map(name => expect.stringContaining(`docker build --tag ${name} `)),
      'kind get clusters',
      expect.stringMatching(/^kind create cluster --name tapeline --config \S+infrastructure\/kind\/cluster\.yaml --wait 180s$/),
      `kind load docker-image --name tapeline ${images.join(' ')}`,
      'terraform init -no-color',
      'terraform validate -no-color',
      'terraform apply -no-color -auto-approve',
      'kubectl --context kind-tapeline -n tapeline get secret grafana-admin --ignore-not-found -o name',
      'kubectl --context kind-tapeline create -f -',
      'terraform init -no-color',
      'terraform validate -no-color',
      'terraform apply -no-color -auto-approve',
      ...['tapeline', 'tapeline-data', 'tapeline-platform'].flatMap(namespace => [
        `kubectl --context kind-tapeline -n ${namespace} get deployments,statefulsets -o name`,
        `kubectl --context kind-tapeline -n ${namespace} get jobs -o name`,
      ]),
    ]);
    for (const { address, service } of waysToServices) expect(stdout).toMatch(new RegExp(`${address}  .*port-forward service/${service} `));
  });

  it('up ends with what a program said when it fails', () => {
    const folder = temporaryFolder('programs');
    const path = standIns(folder);
    writeFileSync(join(path, 'docker'), '#!/bin/sh\necho no daemon >&2\nexit 1\n', { mode: 0o755 });
    const { status, stderr } = runScript('kind-up.ts', [], path);
    expect(status).toBe(1);
    expect(stderr).toMatch(/docker build --tag tapeline\/ingester:test .* failed: no daemon\n$/);
  });

  it('up opens a way again that has closed, until Ctrl-C', async () => {
    const folder = temporaryFolder('programs');
    const path = standIns(folder);
    writeFileSync(join(folder, 'calls'), '');
    const calls = () => readFileSync(join(folder, 'calls'), 'utf8').split('\n');
    const forwards = [
      'case "$*" in',
      '*port-forward*kafdrop*) exit 0 ;;',
      "*port-forward*grafana*) echo 'lost connection to pod' >&2; exit 1 ;;",
      '*port-forward*) exec /bin/sleep 60 ;;',
      'esac',
    ];
    appendFileSync(join(path, 'kubectl'), `${forwards.join('\n')}\n`);
    const child = spawn(process.execPath, scriptOf('kind-up.ts', ['--open']), { env: environmentOf(path), cwd: repository });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      said += text;
    });
    const opened = (service: string) => calls().filter(line => line.includes(`port-forward service/${service} `)).length;
    const closed = once(child, 'close');
    try {
      await eventually('two ways are opened again, twice', () => opened('grafana') > 2 && opened('kafdrop') > 2);
      child.kill('SIGINT');
      expect(await closed).toEqual([130, null]);
    } finally {
      child.kill('SIGKILL');
    }
    expect(opened('live-board')).toBe(1);
    expect(said).toContain('Grafana: the way has closed, it is opened again in 1 s: ');
    expect(said).toContain('lost connection to pod\n');
    expect(said).toContain('Kafdrop: the way has closed, it is opened again in 1 s: kubectl ended\n');
  });

  it('up refuses an option that it does not have', () => {
    const { status, stderr } = runScript('kind-up.ts', ['--opn'], standIns(temporaryFolder('programs')));
    expect([status, stderr]).toEqual([2, '"--opn" is not an option, expected none or --open\n']);
  });
});

const missing: Readonly<Record<string, string>> = {
  docker: 'docker was not found in PATH: install Docker Engine (…) and start it',
  kind: 'kind was not found in PATH: install kind 0.30 or newer (…)',
  kubectl: 'kubectl was not found in PATH: install kubectl (…)',
  terraform: 'terraform was not found in PATH: install Terraform 1.11 or newer (…)',
};

function runScript(script: string, args: readonly string[], path: string) {
  return spawnSync(process.execPath, scriptOf(script, args), { encoding: 'utf8', env: environmentOf(path), cwd: repository });
}

function scriptOf(script: string, args: readonly string[]): readonly string[] {
  return ['--disable-warning=ExperimentalWarning', join(repository, 'scripts', script), ...args];
}

function environmentOf(path: string) {
  return { PATH: path, HOME: temporaryFolder('home'), TAPELINE_IMAGE_TAG: 'test' };
}

/** Programs that do nothing but note how they were called. */
function standIns(folder: string): string {
  const path = join(folder, 'bin');
  mkdirSync(path);
  const script = `#!/bin/sh\necho "\${0##*/} $*" >> '${join(folder, 'calls')}'\n`;
  for (const name of ['docker', 'kind', 'kubectl', 'terraform']) writeFileSync(join(path, name), script, { mode: 0o755 });
  return path;
}
