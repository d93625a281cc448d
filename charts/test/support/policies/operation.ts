/** Policies on how pods live: what they use, how they are asked, how they end, what is left when nodes go. */
import { containersOf, podsOf, selects } from '../kubernetes-objects.ts';
import { find, type Mutant, type Policy, podMutant } from '../policy.ts';

export const requestsAndLimits: Policy = {
  name: 'every container has requests and limits of processor and memory',
  check: ({ objects }) =>
    podsOf(objects).flatMap(pod =>
      containersOf(pod).flatMap(({ name, resources = {} }) =>
        (['requests', 'limits'] as const).flatMap(side =>
          ['cpu', 'memory']
            .filter(what => !resources[side]?.[what])
            .map(what => `${pod.owner} container ${name} has no ${what} in ${side}`),
        ),
      ),
    ),
  mutants: [
    podMutant('has no limits', 'ingester/default', spec => delete spec.containers[0].resources.limits),
    podMutant('has no request of memory', 'live-board/ingress', spec => delete spec.containers[1].resources.requests.memory),
  ],
};

export const threeProbes: Policy = {
  name: 'every container of a service has three probes',
  check: ({ objects }) =>
    podsOf(objects)
      .filter(({ life }) => life === 'service')
      .flatMap(({ owner, spec }) =>
        spec.containers.flatMap(container =>
          (['startupProbe', 'livenessProbe', 'readinessProbe'] as const)
            .filter(probe => container[probe] === undefined)
            .map(probe => `${owner} container ${container.name} has no ${probe}`),
        ),
      ),
  mutants: [
    podMutant('is never asked whether it lives', 'stream-processor/default', spec => delete spec.containers[0].livenessProbe),
    podMutant('has no probe of its second container', 'live-board/gateway', spec => delete spec.containers[1].readinessProbe),
  ],
};

export const disruptionBudgets: Policy = {
  name: 'a service of more than one pod has a budget for disruptions that lets nodes be drained',
  check: ({ objects }) => {
    const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget');
    return podsOf(objects)
      .filter(({ life, replicas }) => life === 'service' && replicas > 1)
      .flatMap(({ owner, labels, replicas }) => {
        const budget = budgets.find(({ spec }) => selects(spec.selector, labels));
        if (budget === undefined) return [`${owner} has no PodDisruptionBudget`];
        const { maxUnavailable, minAvailable } = budget.spec;
        const blocks = maxUnavailable === 0 || maxUnavailable === '0%' || minAvailable >= replicas || minAvailable === '100%';
        return blocks ? [`${owner} could never be drained`] : [];
      });
  },
  mutants: [
    { name: 'has none', of: 'ingester/default', mutate: objects => objects.filter(({ kind }) => kind !== 'PodDisruptionBudget') },
    {
      name: 'has none though scaled',
      of: 'stream-processor/keda',
      mutate: objects => objects.filter(({ kind }) => kind !== 'PodDisruptionBudget'),
    },
    {
      name: 'blocks every drain',
      of: 'live-board/default',
      mutate: objects => {
        find(objects, 'PodDisruptionBudget', 'live-board').spec.maxUnavailable = 0;
        return undefined;
      },
    },
  ],
};

export const zoneSpread: Policy = {
  name: 'a service of more than one pod is spread over zones',
  check: ({ objects }) =>
    podsOf(objects)
      .filter(({ life, replicas }) => life === 'service' && replicas > 1)
      .filter(({ spec }) => !spec.topologySpreadConstraints?.some(({ topologyKey }) => topologyKey === 'topology.kubernetes.io/zone'))
      .map(({ owner }) => `${owner} may stand in one zone`),
  mutants: [
    podMutant('may stand in one zone', 'stream-processor/default', spec => spec.topologySpreadConstraints.shift()),
    podMutant('may stand anywhere', 'live-board/default', spec => delete spec.topologySpreadConstraints),
  ],
};

export const noServiceLinks: Policy = {
  name: 'no pod gets variables of the services beside it (a service named kafka would inject KAFKA_PORT)',
  check: ({ objects }) =>
    podsOf(objects)
      .filter(({ spec }) => spec.enableServiceLinks !== false)
      .map(({ owner }) => `${owner} has service links`),
  mutants: [podMutant('has them', 'kafdrop/default', spec => delete spec.enableServiceLinks)],
};

export const gracePeriods: Policy = {
  name: 'every pod says how long it needs to stop',
  check: ({ objects }) =>
    podsOf(objects)
      .filter(({ spec }) => !((spec.terminationGracePeriodSeconds ?? 0) >= 1))
      .map(({ owner }) => `${owner} has no terminationGracePeriodSeconds`),
  mutants: [podMutant('does not', 'stream-processor/default', spec => delete spec.terminationGracePeriodSeconds)],
};

/** A Job cannot be changed once it is there. */
export const replaceableJobs: Policy = {
  name: 'a Job is named by what it does, and goes away when it is done',
  check: ({ objects }) =>
    objects
      .filter(({ kind }) => kind === 'Job')
      .flatMap(({ metadata, spec }) => [
        ...(/-[0-9a-f]{8}$/.test(metadata.name) ? [] : [`Job/${metadata.name} would be changed in place`]),
        ...(spec.ttlSecondsAfterFinished === undefined ? [`Job/${metadata.name} stays for ever`] : []),
      ]),
  mutants: [
    {
      name: 'has a fixed name',
      of: 'migrations/default',
      mutate: objects => {
        for (const { kind, metadata } of objects) if (kind === 'Job') metadata.name = 'migrations';
        return undefined;
      },
    },
    {
      name: 'stays',
      of: 'migrations/default',
      mutate: objects => {
        for (const { kind, spec } of objects) if (kind === 'Job') delete spec.ttlSecondsAfterFinished;
        return undefined;
      },
    },
  ],
};

/** Kinds of Strimzi, whose operator ends what an object stood for as soon as that is gone. */
const ofTheLog = new Set(['Kafka', 'KafkaNodePool', 'KafkaTopic']);

/** A Kafka made anew has another cluster id, with which its brokers refuse the disks of the former. */
export const dataStays: Policy = {
  name: 'what holds data stays when its release goes',
  check: ({ objects }) =>
    objects.flatMap(({ kind, metadata: { name, annotations }, spec }) => {
      const isLeft = !ofTheLog.has(kind) || annotations?.['helm.sh/resource-policy'] === 'keep';
      const disksAreLeft =
        (kind !== 'CassandraDatacenter' || annotations?.['cassandra.datastax.com/delete-pvc'] === 'false') &&
        (kind !== 'StatefulSet' || spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Retain') &&
        (kind !== 'KafkaNodePool' || spec.storage.volumes.every((volume: { deleteClaim?: boolean }) => volume.deleteClaim === false));
      return [...(isLeft ? [] : [`${kind}/${name} goes`]), ...(disksAreLeft ? [] : [`${kind}/${name} takes its disks along`])];
    }),
  mutants: [
    annotationMutant('takes the log along', 'kafka/strimzi', 'KafkaTopic', 'market-data.feed'),
    annotationMutant('ends Kafka', 'kafka/strimzi', 'Kafka', 'kafka'),
    annotationMutant('ends its controllers', 'kafka/strimzi-separate', 'KafkaNodePool', 'controller'),
    annotationMutant('takes the disks of Cassandra along', 'cassandra/operator', 'CassandraDatacenter', 'datacenter1'),
    {
      name: 'takes the disk of its one pod along',
      of: 'kafka/tiny',
      mutate: objects => {
        delete find(objects, 'StatefulSet', 'kafka').spec.persistentVolumeClaimRetentionPolicy;
        return undefined;
      },
    },
  ],
};

function annotationMutant(name: string, of: string, kind: string, object: string): Mutant {
  return {
    name,
    of,
    mutate: objects => {
      delete find(objects, kind, object).metadata.annotations;
      return undefined;
    },
  };
}
