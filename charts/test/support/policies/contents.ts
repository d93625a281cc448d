/** Policies on what is written in objects: images, secrets, labels. */
import { containersOf, type KubernetesObject, podsOf } from '../kubernetes-objects.ts';
import { find, type Mutant, type Policy, podMutant } from '../policy.ts';

export const exactImages: Policy = {
  name: 'every image is named by an exact tag or a digest',
  check: ({ objects }) =>
    podsOf(objects).flatMap(pod =>
      containersOf(pod)
        .filter(({ image }) => !isExact(image))
        .map(({ image }) => `${pod.owner} runs ${image}`),
    ),
  mutants: [
    podMutant('runs the latest', 'ingester/default', spec => Object.assign(spec.containers[0], { image: 'tapeline/ingester:latest' })),
    podMutant('runs any', 'ingester/default', spec => Object.assign(spec.containers[0], { image: 'localhost:5000/tapeline/ingester' })),
    podMutant('runs a moving tag', 'live-board/ingress', spec => Object.assign(spec.containers[1], { image: 'oauth2-proxy:v7' })),
  ],
};

/** A digest; or a tag that is a commit or has at least a major and a minor number. */
function isExact(image: string): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = /:([A-Za-z0-9_][A-Za-z0-9_.-]*)$/.exec(image)?.[1] ?? '';
  return /\d+\.\d+/.test(tag) || /^[0-9a-f]{7,40}(-[0-9a-f]+)?$/.test(tag);
}

const secretName = /(KEY|PASSWORD|SECRET|TOKEN)$/i;
/** `password: …`, `"password": "…"`, `password=…`, also quoted in a JAAS line; a reference to a variable or a file is none. */
const secretText = /(?:password|passwd|secret|api[_-]?key|(?<!initial_)token)["']?\s*[:=]\s*["']?(?![\s"'$/]|%\{|\{\{|$)\S{3,}/im;

export const noSecrets: Policy = {
  name: 'no secret stands in an object: not in variables, arguments, ConfigMaps or Secrets of the release',
  check: ({ objects }) => [
    ...podsOf(objects).flatMap(pod =>
      containersOf(pod).flatMap(({ name, env = [], args = [], command = [] }) => [
        ...env
          .filter(variable => variable.value && (secretName.test(variable.name) || secretText.test(variable.value)))
          .map(variable => `${pod.owner} container ${name} has ${variable.name} in plain text`),
        ...[...args, ...command]
          .filter(text => secretText.test(text))
          .map(() => `${pod.owner} container ${name} has a secret in its arguments`),
      ]),
    ),
    ...objects
      .filter(({ kind, metadata }) => kind === 'Secret' && metadata.annotations?.['tapeline/holds'] !== 'settings')
      .map(({ metadata }) => `Secret/${metadata.name} would put its values into the release`),
    ...objects
      .filter(
        ({ kind, data = {}, stringData = {} }) => /^(ConfigMap|Secret)$/.test(kind) && entries({ ...data, ...stringData }).some(isSecret),
      )
      .map(({ kind, metadata }) => `${kind}/${metadata.name} holds a secret`),
  ],
  mutants: [
    podMutant('has a key in a variable', 'ingester/tls', spec =>
      spec.containers[0].env.push({ name: 'TWELVE_DATA_API_KEY', value: 'abc' }),
    ),
    podMutant('has a password in options', 'kafdrop/default', spec =>
      spec.containers[0].env.push({ name: 'OPTIONS', value: '-Dpassword=hunter2' }),
    ),
    podMutant('has a key in its arguments', 'simulator/default', spec => spec.containers[0].args.push('--api-key=abc123')),
    addition('brings a Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: 'hunter2' } }),
    addition('has a password among settings', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', annotations: { 'tapeline/holds': 'settings' } },
      stringData: { config: '{"keystore_password": "hunter2"}' },
    }),
    addition('has a password in a ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c' },
      data: { 'db.yaml': 'user: a\npassword: hunter2\n' },
    }),
  ],
};

/** Some operators want settings in a Secret; it says so, and is read like a ConfigMap. */
function entries(data: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  return Object.entries(data).map(([key, value]) => [key, String(value)]);
}

function isSecret([key, text]: readonly [string, string]): boolean {
  return secretText.test(text) || (secretName.test(key) && text.length < 200);
}

function addition(name: string, object: KubernetesObject): Mutant {
  return { name, of: 'ingester/default', mutate: objects => [...objects, object] };
}

const standard = ['name', 'instance', 'version', 'component', 'part-of', 'managed-by'].map(label => `app.kubernetes.io/${label}`);

export const standardLabels: Policy = {
  name: 'every object and pod has the standard labels, of the chart and of Tapeline',
  check: ({ chart, objects }) => {
    const labelled = [
      ...objects.map(({ kind, metadata }) => ({ of: `${kind}/${metadata.name}`, labels: metadata.labels ?? {} })),
      ...podsOf(objects).map(({ owner, labels }) => ({ of: `the pod of ${owner}`, labels })),
    ];
    return labelled.flatMap(({ of, labels }) => {
      const absent = standard.filter(label => !labels[label]);
      if (absent.length > 0) return [`${of} has no ${absent.join(', ')}`];
      const isOurs = labels['app.kubernetes.io/part-of'] === 'tapeline' && labels['app.kubernetes.io/instance'] === chart.name;
      return isOurs ? [] : [`${of} belongs to another release by its labels`];
    });
  },
  mutants: [
    {
      name: 'has no version',
      of: 'ingester/default',
      mutate: objects => {
        delete find(objects, 'Service', 'ingester').metadata.labels?.['app.kubernetes.io/version'];
        return undefined;
      },
    },
    {
      name: 'has none on its pods',
      of: 'live-board/default',
      mutate: objects => {
        find(objects, 'Deployment', 'live-board').spec.template.metadata.labels = {};
        return undefined;
      },
    },
  ],
};
