/** What the tests read of Kubernetes objects: the few fields that the policies are about. */

export type Labels = Readonly<Record<string, string>>;

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // The rest differs by kind; each policy knows what it looks at.
  // biome-ignore lint/suspicious/noExplicitAny: rendered YAML, checked against its schema by other tests
  [field: string]: any;
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  ports?: ContainerPort[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: Record<string, unknown>;
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
}

export interface PodSpec {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  terminationGracePeriodSeconds?: number;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: Record<string, unknown>;
  topologySpreadConstraints?: { topologyKey: string }[];
  initContainers?: Container[];
  containers: Container[];
  volumes?: Record<string, unknown>[];
}

/** A pod that some object makes, or is. */
export interface PodView {
  /** As `Deployment/ingester`. */
  readonly owner: string;
  /** A service runs until it is stopped; a task runs to its end (Jobs, and the pods of helm test). */
  readonly life: 'service' | 'task';
  /** Fixed number of pods, or the least of a number that is scaled. */
  readonly replicas: number;
  readonly labels: Labels;
  readonly spec: PodSpec;
  /** Names of volumes that a StatefulSet claims for each of its pods. */
  readonly claims: readonly string[];
}

/** The pods of a release. Those that operators make of custom resources are not among them. */
export function podsOf(objects: readonly KubernetesObject[]): readonly PodView[] {
  return objects.flatMap(object => {
    const owner = `${object.kind}/${object.metadata.name}`;
    if (object.kind === 'Pod') {
      return [{ owner, life: 'task' as const, replicas: 1, labels: object.metadata.labels ?? {}, spec: object.spec, claims: [] }];
    }
    const template = object.kind === 'CronJob' ? object.spec?.jobTemplate?.spec?.template : object.spec?.template;
    if (!['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'].includes(object.kind)) return [];
    const life = object.kind.endsWith('Job') ? ('task' as const) : ('service' as const);
    const replicas = leastReplicas(objects, object);
    const claimed: readonly KubernetesObject[] = object.spec.volumeClaimTemplates ?? [];
    const claims = claimed.map(({ metadata }) => metadata.name);
    return [{ owner, life, replicas, labels: template.metadata?.labels ?? {}, spec: template.spec, claims }];
  });
}

/** All containers of a pod, those of its start among them. */
export function containersOf({ spec }: PodView): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

function leastReplicas(objects: readonly KubernetesObject[], workload: KubernetesObject): number {
  const scaler = objects.find(
    ({ kind, spec }) => ['HorizontalPodAutoscaler', 'ScaledObject'].includes(kind) && spec.scaleTargetRef.name === workload.metadata.name,
  );
  return scaler?.spec.minReplicas ?? scaler?.spec.minReplicaCount ?? workload.spec.replicas ?? 1;
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** Whether a label selector chooses a pod with these labels. An absent selector chooses none, an empty one all. */
export function selects(selector: Selector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return equal && (selector.matchExpressions ?? []).every(expression => expressionHolds(expression, labels[expression.key]));
}

function expressionHolds(
  expression: { readonly operator: string; readonly values?: readonly string[] },
  value: string | undefined,
): boolean {
  const isIn = value !== undefined && (expression.values ?? []).includes(value);
  if (expression.operator === 'In') return isIn;
  if (expression.operator === 'NotIn') return !isIn;
  return expression.operator === 'Exists' ? value !== undefined : value === undefined;
}
