/** This file says how each operator is installed: restricted pods with requests and limits, watching our namespaces, nothing superfluous. */
import type { Values } from './chart-values.ts';
import type { Environment, OperatorName } from './environments.ts';
import { namespaces, retainedStorageClass } from './names.ts';

function sized(cpu: string, memory: string): Values {
  return { requests: { cpu, memory }, limits: { cpu: '1', memory } };
}

const restrictedContainer: Values = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
};

const seccomp: Values = { seccompProfile: { type: 'RuntimeDefault' } };

const values: Readonly<Record<OperatorName, (environment: Environment) => Values>> = {
  'cert-manager': () => ({
    crds: { enabled: true, keep: true },
    global: { leaderElection: { namespace: namespaces.platform } },
    resources: sized('20m', '128Mi'),
    webhook: { resources: sized('20m', '64Mi') },
    cainjector: { resources: sized('20m', '192Mi') },
    startupapicheck: { resources: sized('20m', '64Mi') },
  }),

  'external-secrets': () => ({
    resources: sized('20m', '128Mi'),
    webhook: { resources: sized('20m', '64Mi') },
    certController: { resources: sized('20m', '128Mi') },
  }),

  keda: () => ({
    image: { pullPolicy: 'IfNotPresent' },
    watchNamespace: namespaces.pipeline,
    resources: { operator: sized('50m', '160Mi'), metricServer: sized('20m', '128Mi'), webhooks: sized('20m', '64Mi') },
  }),

  strimzi: () => ({
    watchNamespaces: [namespaces.data],
    enableServiceLinks: false,
    // What the policies of this namespace select by.
    labels: { 'app.kubernetes.io/name': 'strimzi' },
    resources: sized('200m', '512Mi'),
  }),

  'cass-operator': () => ({
    global: { clusterScoped: true, watchNamespaces: [namespaces.data] },
    podSecurityContext: seccomp,
    securityContext: { ...restrictedContainer, runAsUser: 65534, runAsGroup: 65534 },
    resources: sized('50m', '256Mi'),
  }),

  'kube-prometheus-stack': prometheusStack,
};

/** The values of one operator's chart. */
export function platformValues(name: OperatorName, environment: Environment): Values {
  return values[name](environment);
}

/**
 * Prometheus with its operator, and in a cloud the usual rules and Alertmanager. Node exporter needs the host's namespaces, which
 * this namespace refuses; Grafana comes with a chart of ours.
 */
function prometheusStack({ cloud, alertmanagerSecret }: Environment): Values {
  const inCloud = cloud !== undefined;
  const absent = ['kubeControllerManager', 'kubeEtcd', 'kubeScheduler', 'kubeProxy', 'coreDns', 'nodeExporter', 'grafana'];
  return {
    ...Object.fromEntries(absent.map(name => [name, { enabled: false }])),
    // Its parts are called after the release; this one keeps them short.
    fullnameOverride: 'kube-prometheus',
    defaultRules: { create: inCloud },
    alertmanager: {
      enabled: inCloud,
      alertmanagerSpec: {
        resources: sized('20m', '96Mi'),
        ...(inCloud ? { storage: claim('2Gi') } : {}),
        // The Secret comes with the pipeline's stack; until it is there the operator takes one that calls nobody.
        ...(alertmanagerSecret === undefined ? {} : { useExistingSecret: true, configSecret: alertmanagerSecret }),
      },
    },
    kubeStateMetrics: { enabled: inCloud },
    'kube-state-metrics': { resources: sized('20m', '128Mi') },
    prometheusOperator: {
      resources: sized('50m', '128Mi'),
      prometheusConfigReloader: { resources: sized('10m', '48Mi') },
      admissionWebhooks: { patch: { resources: sized('20m', '64Mi') } },
    },
    prometheus: {
      prometheusSpec: {
        podMonitorSelectorNilUsesHelmValues: false,
        serviceMonitorSelectorNilUsesHelmValues: false,
        ruleSelectorNilUsesHelmValues: false,
        retention: inCloud ? '30d' : '2d',
        retentionSize: inCloud ? '45GB' : '1GB',
        resources: inCloud ? { requests: { cpu: '200m', memory: '2Gi' }, limits: { cpu: '2', memory: '2Gi' } } : sized('100m', '512Mi'),
        ...(inCloud ? { storageSpec: claim('50Gi') } : {}),
      },
    },
  };
}

function claim(size: string): Values {
  const spec = { storageClassName: retainedStorageClass, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } };
  return { volumeClaimTemplate: { spec } };
}
