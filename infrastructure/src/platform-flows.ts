/**
 * This file lists the flows of the platform's namespace, which denies all others; each names who speaks to whom.
 *
 * The API server has no pods that a policy could name, so what it calls is open to all at that port and needs its certificate.
 */
import type { AllowedFlowProps } from './constructs/allowed-flow.ts';
import type { Environment, OperatorName } from './environments.ts';
import { namespaces } from './names.ts';

type Flow = Omit<AllowedFlowProps, 'namespace'>;

const everywhere = { cidr: '0.0.0.0/0' } as const;

/** Of every operator, and of what it runs. */
const toDns: Flow = {
  name: 'operators-to-dns',
  direction: 'egress',
  peers: [{ namespace: 'kube-system', pods: { 'k8s-app': 'kube-dns' } }],
  ports: [53],
  protocols: ['UDP', 'TCP'],
};

/** Of all that live here but Alertmanager. Any address until it is known where the API server is. */
function toKubernetesApi(cidrs: readonly string[] | undefined): Flow {
  const peers = cidrs?.map(cidr => ({ cidr })) ?? [everywhere];
  return { name: 'operators-to-kubernetes-api', exceptApps: ['alertmanager'], direction: 'egress', peers, ports: [443, 6443] };
}

const flows: Readonly<Record<OperatorName, readonly Flow[]>> = {
  'cert-manager': [
    { name: 'kubernetes-api-to-cert-manager', apps: ['webhook'], direction: 'ingress', ports: [10250] },
    { name: 'cert-manager-to-authorities', apps: ['cert-manager'], direction: 'egress', peers: [everywhere], ports: [443] },
    { name: 'cert-manager-to-http-challenges', apps: ['cert-manager'], direction: 'egress', peers: [everywhere], ports: [80] },
  ],
  'external-secrets': [
    { name: 'kubernetes-api-to-external-secrets', apps: ['external-secrets-webhook'], direction: 'ingress', ports: [10250] },
    { name: 'external-secrets-to-secret-manager', apps: ['external-secrets'], direction: 'egress', peers: [everywhere], ports: [443] },
    // Where pods of GKE and EKS get the identity that reads secrets.
    {
      name: 'external-secrets-to-cloud-identity',
      apps: ['external-secrets'],
      direction: 'egress',
      peers: [{ cidr: '169.254.169.252/32' }, { cidr: '169.254.170.23/32' }, { cidr: '169.254.169.254/32' }],
      ports: [80, 988],
    },
  ],
  'kube-prometheus-stack': [
    {
      name: 'kubernetes-api-to-prometheus-operator',
      apps: ['kube-prometheus-stack-prometheus-operator'],
      direction: 'ingress',
      ports: [10250],
    },
    {
      name: 'prometheus-to-metrics',
      apps: ['prometheus'],
      direction: 'egress',
      peers: [{ namespace: namespaces.pipeline }, { namespace: namespaces.data }, {}],
      ports: [3000, 8080, 9000, 9090, 9404],
    },
    { name: 'prometheus-to-kubelets', apps: ['prometheus'], direction: 'egress', peers: [everywhere], ports: [10250] },
    { name: 'prometheus-to-alertmanager', apps: ['prometheus'], direction: 'egress', peers: [{}], ports: [9093] },
    { name: 'alertmanager-from-prometheus', apps: ['alertmanager'], direction: 'ingress', peers: [{}], ports: [9093] },
    // Of the container beside each that reloads its files: a target that is always down would call somebody.
    {
      name: 'prometheus-to-config-reloaders',
      apps: ['prometheus', 'alertmanager'],
      direction: 'ingress',
      peers: [{ pods: { 'app.kubernetes.io/name': 'prometheus' } }],
      ports: [8080],
    },
    { name: 'kube-state-metrics-from-prometheus', apps: ['kube-state-metrics'], direction: 'ingress', peers: [{}], ports: [8080] },
    {
      name: 'grafana-and-prometheus-to-prometheus',
      apps: ['prometheus'],
      direction: 'ingress',
      peers: [
        { namespace: namespaces.pipeline, pods: { 'app.kubernetes.io/name': 'grafana' } },
        { pods: { 'app.kubernetes.io/name': 'prometheus' } },
      ],
      ports: [9090],
    },
  ],
  keda: [
    {
      name: 'kubernetes-api-to-keda',
      apps: ['keda-admission-webhooks', 'keda-operator-metrics-apiserver'],
      direction: 'ingress',
      ports: [6443, 9443],
    },
    { name: 'keda-metrics-to-keda', apps: ['keda-operator-metrics-apiserver'], direction: 'egress', peers: [{}], ports: [9666] },
    { name: 'keda-from-keda-metrics', apps: ['keda-operator'], direction: 'ingress', peers: [{}], ports: [9666] },
    { name: 'keda-to-kafka', apps: ['keda-operator'], direction: 'egress', peers: [{ namespace: namespaces.data }], ports: [9092, 9093] },
  ],
  strimzi: [
    // Replication, control plane and the agent of each broker.
    {
      name: 'strimzi-to-kafka',
      apps: ['strimzi'],
      direction: 'egress',
      peers: [{ namespace: namespaces.data }],
      ports: [8443, 9090, 9091],
    },
  ],
  'cass-operator': [
    { name: 'kubernetes-api-to-cass-operator', apps: ['cass-operator'], direction: 'ingress', ports: [9443] },
    {
      name: 'cass-operator-to-cassandra',
      apps: ['cass-operator'],
      direction: 'egress',
      peers: [{ namespace: namespaces.data }],
      ports: [8080],
    },
  ],
};

/** To mail servers by TLS from the start, or by STARTTLS; to all others at 443. */
const toReceivers: Flow = {
  name: 'alertmanager-to-receivers',
  apps: ['alertmanager'],
  direction: 'egress',
  peers: [everywhere],
  ports: [443, 465, 587],
};

/** What these operators need, and nothing for those that are not there. */
export function platformFlows({
  operators,
  alertmanagerSecret,
  kubernetesApiCidrs,
}: Pick<Environment, 'operators' | 'alertmanagerSecret' | 'kubernetesApiCidrs'>): readonly Flow[] {
  const common = [toDns, toKubernetesApi(kubernetesApiCidrs)];
  return [...common, ...operators.flatMap(name => flows[name]), ...(alertmanagerSecret === undefined ? [] : [toReceivers])];
}
