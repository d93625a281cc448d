/**
 * Policies on who may talk to whom. A namespace denies everything; so each port that a pod offers and each address that it is
 * configured with needs a NetworkPolicy, which is named by its flow.
 */
import { type KubernetesObject, type Labels, podsOf, selects } from '../kubernetes-objects.ts';
import { find, type Mutant, type Policy } from '../policy.ts';
import type { Rendering } from '../rendering.ts';
import { type Upstream, upstreamsOf } from '../upstreams.ts';

type Direction = 'Ingress' | 'Egress';

interface Rule {
  readonly from?: readonly KubernetesObject['spec'][];
  readonly to?: readonly KubernetesObject['spec'][];
  readonly ports?: readonly { readonly port?: string | number; readonly protocol?: string }[];
}

export const flowsIn: Policy = {
  name: 'every port of a pod may be reached by somebody who is named',
  check: ({ objects }) =>
    podsOf(objects).flatMap(pod => {
      const rules = rulesFor(objects, pod.labels, 'Ingress');
      return pod.spec.containers
        .flatMap(({ ports = [] }) => ports)
        .filter(port => !rules.some(rule => allowsPort(rule, port.containerPort, port.name)))
        .map(port => `${pod.owner} port ${port.containerPort} can be reached by nobody`);
    }),
  mutants: [
    without('no way in for the ingester', 'simulator/default', ['ingester-to-simulator', 'test-to-simulator']),
    without('no way in for its peers', 'stream-processor/default', ['peers-to-stream-processor']),
    without('no way to the login', 'live-board/ingress', ['ingress-to-live-board', 'test-to-live-board']),
  ],
};

/** Of the pod that cert-manager puts beside an Ingress while an authority asks for its name by HTTP (`acmeSolverListenPort` in its code). */
const solver = { labels: { 'acme.cert-manager.io/http01-solver': 'true' }, port: 8089 } as const;

export const challengesIn: Policy = {
  name: 'whoever reaches what an Ingress leads to may reach the pod that answers for its certificate, too',
  check: ({ objects }) => {
    const rules = rulesFor(objects, solver.labels, 'Ingress').filter(rule => allowsPort(rule, solver.port));
    const answered = new Set(rules.flatMap(({ from = [] }) => from.map(peer => JSON.stringify(peer))));
    return objects
      .filter(({ kind, metadata }) => kind === 'Ingress' && Object.keys(metadata.annotations ?? {}).some(isIssuer))
      .flatMap(({ metadata: { name } }) => find(objects, 'NetworkPolicy', `ingress-to-${name}`).spec.ingress as readonly Rule[])
      .flatMap(({ from = [] }) => from.map(peer => JSON.stringify(peer)))
      .filter(peer => !answered.has(peer))
      .map(peer => `no challenge is answered to ${peer}`);
  },
  mutants: [
    without('answers no challenge', 'live-board/ingress', ['ingress-to-live-board-challenges']),
    {
      name: 'answers somebody else',
      of: 'grafana/cloud',
      mutate: objects => {
        const [rule] = find(objects, 'NetworkPolicy', 'ingress-to-grafana-challenges').spec.ingress;
        rule.from = [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'grafana' } } }];
        return undefined;
      },
    },
  ],
};

export const flowsOut: Policy = {
  name: 'every address that a pod is configured with may be reached, its name resolved, and the Kubernetes API where a token is mounted',
  check: rendering =>
    podsOf(rendering.objects).flatMap(pod => {
      const rules = rulesFor(rendering.objects, pod.labels, 'Egress');
      const upstreams = upstreamsOf(pod, rendering.chart.namespace);
      const api: Upstream = { text: 'the Kubernetes API', port: 443, namespace: undefined };
      const needed = pod.spec.automountServiceAccountToken === false ? upstreams : [...upstreams, api];
      const faults = needed
        .filter(upstream => !rules.some(rule => reaches(rule, upstream, rendering)))
        .map(({ text }) => `${pod.owner} cannot reach ${text}`);
      const resolves = rules.some(rule => allowsPort(rule, 53));
      return needed.length > 0 && !resolves ? [...faults, `${pod.owner} cannot resolve a name`] : faults;
    }),
  mutants: [
    without('no way to Kafka', 'ingester/default', ['ingester-to-kafka']),
    without('no way to the vendor', 'backfiller/default', ['backfiller-to-rest']),
    without('no way to the vendor of a CronJob', 'daily-jobs/default', ['daily-jobs-to-rest']),
    without('no way to AWS', 'daily-jobs/export', ['daily-jobs-to-object-store']),
    without('no way to a store of its own', 'daily-jobs/tls', ['daily-jobs-to-object-store']),
    without('no way to Cassandra', 'stream-processor/tls', ['stream-processor-to-cassandra']),
    without('no way to its peers', 'stream-processor/default', ['stream-processor-to-peers']),
    without('no way to the collector of traces', 'stream-processor/traces', ['stream-processor-to-collector']),
    without('no way to the feed', 'ingester/default', ['ingester-to-feed']),
    without('no names', 'migrations/default', ['migrations-to-dns']),
    without('no way to its Lease', 'ingester/default', ['ingester-to-kubernetes-api']),
    {
      name: 'another port',
      of: 'kafdrop/tls',
      mutate: objects => {
        find(objects, 'NetworkPolicy', 'kafdrop-to-kafka').spec.egress[0].ports[0].port = 9092;
        return undefined;
      },
    },
    {
      name: 'another namespace',
      of: 'kafdrop/default',
      mutate: objects => {
        find(objects, 'NetworkPolicy', 'kafdrop-to-kafka').spec.egress[0].to[0].namespaceSelector.matchLabels = {
          'kubernetes.io/metadata.name': 'x',
        };
        return undefined;
      },
    },
  ],
};

export const narrowFlows: Policy = {
  name: 'a NetworkPolicy is one flow: it names its pods, its peers and its ports, and is called what-to-what',
  check: ({ objects }) =>
    objects
      .filter(({ kind }) => kind === 'NetworkPolicy')
      .flatMap(({ metadata, spec }) => {
        const rules: readonly Rule[] = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
        const isOpen = rules.some(rule => !rule.ports?.length || ![...(rule.from ?? []), ...(rule.to ?? [])].some(isNamed));
        const faults = [
          /^[a-z0-9-]+-to-[a-z0-9-]+$/.test(metadata.name) ? '' : 'is not called what-to-what',
          Object.keys(spec.podSelector ?? {}).length > 0 ? '' : 'holds for every pod',
          spec.policyTypes?.length === 1 ? '' : 'is of more than one direction',
          rules.length > 0 && !isOpen ? '' : 'leaves open who, or by which port',
        ];
        return faults.filter(fault => fault !== '').map(fault => `NetworkPolicy/${metadata.name} ${fault}`);
      }),
  mutants: [
    change('holds for every pod', spec => Object.assign(spec, { podSelector: {} })),
    change('any peer', spec => delete spec.egress[0].to),
    change('any port', spec => delete spec.egress[0].ports),
    change('any namespace', spec => Object.assign(spec.egress[0], { to: [{ namespaceSelector: {} }] })),
    {
      name: 'says nothing by its name',
      of: 'ingester/default',
      mutate: objects => {
        find(objects, 'NetworkPolicy', 'ingester-to-kafka').metadata.name = 'kafka';
        return undefined;
      },
    },
  ],
};

function rulesFor(objects: readonly KubernetesObject[], labels: Labels, direction: Direction): readonly Rule[] {
  return objects
    .filter(({ kind, spec }) => kind === 'NetworkPolicy' && spec.policyTypes?.includes(direction) && selects(spec.podSelector, labels))
    .flatMap(({ spec }) => (direction === 'Ingress' ? spec.ingress : spec.egress) ?? []);
}

function isIssuer(annotation: string): boolean {
  return annotation === 'cert-manager.io/issuer' || annotation === 'cert-manager.io/cluster-issuer';
}

function allowsPort(rule: Rule, port: number, name?: string): boolean {
  return (rule.ports ?? []).some(allowed => Number(allowed.port) === port || (name !== undefined && allowed.port === name));
}

function reaches(rule: Rule, upstream: Upstream, { objects, chart }: Rendering): boolean {
  const named = servicePodPorts(objects, upstream);
  if (!allowsPort(rule, upstream.port) && !named.some(name => (rule.ports ?? []).some(({ port }) => port === name))) return false;
  return (rule.to ?? []).some(peer => {
    if (peer.ipBlock !== undefined) return upstream.namespace === undefined || peer.ipBlock.cidr !== '0.0.0.0/0';
    const labels = { 'kubernetes.io/metadata.name': upstream.namespace ?? '' };
    return peer.namespaceSelector === undefined ? upstream.namespace === chart.namespace : selects(peer.namespaceSelector, labels);
  });
}

/** A Service of the same release may lead to a port of another name or number. */
function servicePodPorts(objects: readonly KubernetesObject[], upstream: Upstream): readonly (string | number)[] {
  const ports = objects.filter(({ kind }) => kind === 'Service').flatMap(({ spec }) => spec.ports ?? []);
  return ports.filter(({ port }) => port === upstream.port).map(({ targetPort }) => targetPort);
}

/** An empty selector of namespaces names nobody. */
function isNamed(peer: KubernetesObject['spec']): boolean {
  if (peer.ipBlock !== undefined) return true;
  const selectors = [peer.namespaceSelector, peer.podSelector].filter(selector => selector !== undefined);
  return selectors.some(selector => Object.keys(selector).length > 0);
}

function without(name: string, of: string, policies: readonly string[]): Mutant {
  return {
    name,
    of,
    mutate: objects => objects.filter(({ kind, metadata }) => kind !== 'NetworkPolicy' || !policies.includes(metadata.name)),
  };
}

function change(name: string, by: (spec: KubernetesObject['spec']) => void): Mutant {
  return {
    name,
    of: 'ingester/default',
    mutate: objects => {
      by(find(objects, 'NetworkPolicy', 'ingester-to-kafka').spec);
      return undefined;
    },
  };
}
