/** Policies on what a pod may do to its node and to the cluster. */
import { containersOf, type KubernetesObject, podsOf } from '../kubernetes-objects.ts';
import { find, type Mutant, type Policy, podMutant } from '../policy.ts';

export const restrictedPods: Policy = {
  name: 'every pod keeps to the restricted standard',
  check: ({ objects }) =>
    podsOf(objects).flatMap(pod => {
      const { spec, owner } = pod;
      const seccomp = spec.securityContext?.seccompProfile as { type?: string } | undefined;
      const faults = [
        spec.securityContext?.runAsNonRoot === true ? '' : 'may run as root',
        Number(spec.securityContext?.runAsUser) > 0 ? '' : 'has no user of its own',
        seccomp?.type === 'RuntimeDefault' ? '' : 'has no seccomp profile',
        spec.hostNetwork || spec.hostPID || spec.hostIPC ? 'shares a namespace of the node' : '',
        spec.volumes?.some(volume => 'hostPath' in volume) ? 'mounts a path of the node' : '',
        ...containersOf(pod).map(({ name, securityContext }) =>
          isTight(securityContext) ? '' : `container ${name} could gain privileges`,
        ),
      ];
      return faults.filter(fault => fault !== '').map(fault => `${owner} ${fault}`);
    }),
  mutants: [
    podMutant('may run as root', 'ingester/tls', spec => delete spec.securityContext.runAsNonRoot),
    podMutant('runs as root', 'ingester/tls', spec => Object.assign(spec.securityContext, { runAsUser: 0 })),
    podMutant('has no seccomp profile', 'live-board/tls', spec => delete spec.securityContext.seccompProfile),
    podMutant('could gain privileges', 'live-board/ingress', spec => delete spec.containers[1].securityContext.allowPrivilegeEscalation),
    podMutant('keeps capabilities', 'simulator/default', spec => delete spec.containers[0].securityContext.capabilities),
    podMutant('mounts the node', 'simulator/default', spec => spec.volumes.push({ name: 'node', hostPath: { path: '/' } })),
    podMutant('shares the network of the node', 'kafdrop/default', spec => Object.assign(spec, { hostNetwork: true })),
  ],
};

/** Strimzi makes a pool's pods of the pool's own template, or of the Kafka's where the pool has none, and never of both. */
export const restrictedPools: Policy = {
  name: "every pod of Strimzi's node pools keeps to the restricted standard",
  check: ({ objects }) =>
    objects
      .filter(({ kind }) => kind === 'KafkaNodePool')
      .flatMap(({ metadata, spec }) => {
        const ofAll = objects.find(({ kind }) => kind === 'Kafka')?.spec.kafka.template;
        const { pod, kafkaContainer, initContainer } = spec.template ?? ofAll ?? {};
        const faults = [
          pod?.securityContext?.runAsNonRoot === true ? '' : 'may run as root',
          pod?.securityContext?.seccompProfile?.type === 'RuntimeDefault' ? '' : 'has no seccomp profile',
          isTight(kafkaContainer?.securityContext) ? '' : 'container kafka could gain privileges',
          isTight(initContainer?.securityContext) ? '' : 'container kafka-init could gain privileges',
        ];
        return faults.filter(fault => fault !== '').map(fault => `KafkaNodePool/${metadata.name} ${fault}`);
      }),
  mutants: [
    poolMutant('may run as root', 'broker', template => delete template.pod.securityContext.runAsNonRoot),
    poolMutant('has a template of its own that says less', 'controller', template => delete template.kafkaContainer),
    poolMutant('could gain privileges before it starts', 'controller', template => delete template.initContainer.securityContext),
  ],
};

export const readOnlyRoot: Policy = {
  name: 'the root of every container is read-only, and what it may write is bounded',
  check: ({ objects }) =>
    podsOf(objects).flatMap(pod => [
      ...containersOf(pod)
        .filter(({ securityContext }) => securityContext?.readOnlyRootFilesystem !== true)
        .map(({ name }) => `${pod.owner} container ${name} can write to its root`),
      ...(pod.spec.volumes ?? [])
        .filter(volume => 'emptyDir' in volume && (volume.emptyDir as { sizeLimit?: string } | null)?.sizeLimit === undefined)
        .map(volume => `${pod.owner} volume ${volume.name} has no size limit`),
    ]),
  mutants: [
    podMutant('can write', 'ingester/default', spec => delete spec.containers[0].securityContext.readOnlyRootFilesystem),
    podMutant('fills the node', 'ingester/default', spec => delete spec.volumes[0].emptyDir.sizeLimit),
  ],
};

export const ownServiceAccount: Policy = {
  name: 'every pod has a service account of its own release',
  check: ({ objects }) => {
    const own = new Set(objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name));
    return podsOf(objects)
      .filter(({ spec }) => spec.serviceAccountName === undefined || !own.has(spec.serviceAccountName))
      .map(({ owner, spec }) => `${owner} runs as ${spec.serviceAccountName ?? 'default'}`);
  },
  mutants: [
    podMutant('runs as default', 'live-board/default', spec => delete spec.serviceAccountName),
    podMutant('runs as another', 'live-board/default', spec => Object.assign(spec, { serviceAccountName: 'ingester' })),
  ],
};

/** Service pods that talk to the Kubernetes API. */
const needToken = new Set(['Deployment/ingester']);

export const noTokens: Policy = {
  name: 'a token of the Kubernetes API is mounted only where it is needed, and says what for',
  check: ({ objects }) =>
    podsOf(objects).flatMap(({ owner, spec }) => {
      if (!needToken.has(owner)) return spec.automountServiceAccountToken === false ? [] : [`${owner} mounts a token`];
      const bound = objects.some(
        ({ kind, subjects }) =>
          kind === 'RoleBinding' && subjects.some((subject: { name: string }) => subject.name === spec.serviceAccountName),
      );
      return bound ? [] : [`${owner} mounts a token that nothing is bound to`];
    }),
  mutants: [
    podMutant('mounts a token', 'stream-processor/default', spec => delete spec.automountServiceAccountToken),
    {
      name: 'mounts one for nothing',
      of: 'ingester/default',
      mutate: objects => objects.filter(({ kind }) => kind !== 'RoleBinding'),
    },
  ],
};

export const leastRights: Policy = {
  name: 'a role names the very objects that it is for',
  check: ({ objects }) =>
    objects
      .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
      .flatMap(({ kind, metadata, rules }) =>
        kind === 'ClusterRole'
          ? [`ClusterRole/${metadata.name} reaches beyond its namespace`]
          : rules
              .filter((rule: Record<string, string[]>) => !rule.resourceNames?.length || Object.values(rule).flat().includes('*'))
              .map(() => `Role/${metadata.name} has a rule without names of objects`),
      ),
  mutants: [
    {
      name: 'any Lease',
      of: 'ingester/default',
      mutate: objects => {
        delete find(objects, 'Role', 'ingester').rules[0].resourceNames;
        return undefined;
      },
    },
    {
      name: 'any verb',
      of: 'ingester/default',
      mutate: objects => {
        find(objects, 'Role', 'ingester').rules[0].verbs = ['*'];
        return undefined;
      },
    },
  ],
};

function isTight({ allowPrivilegeEscalation, capabilities, privileged }: Record<string, unknown> = {}): boolean {
  const { drop = [], add = [] } = (capabilities as { drop?: string[]; add?: string[] } | undefined) ?? {};
  return allowPrivilegeEscalation === false && drop.includes('ALL') && add.length === 0 && privileged !== true;
}

/** A mutant of the template that the pods of a pool are made of. */
function poolMutant(name: string, pool: 'broker' | 'controller', change: (template: KubernetesObject['spec']) => void): Mutant {
  return {
    name,
    of: 'kafka/strimzi-separate-zones',
    mutate: objects => {
      const { spec } = find(objects, 'KafkaNodePool', pool);
      change(spec.template ?? find(objects, 'Kafka', 'kafka').spec.kafka.template);
      return undefined;
    },
  };
}
