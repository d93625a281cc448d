/**
 * The environments that Tapeline runs in, in one table: what differs between a laptop and the clouds, and nothing else.
 *
 * Names that only the owner of an account knows (buckets, a project) are placeholders here; `configuration.ts` replaces them.
 */
import type { Values } from './chart-values.ts';
import type { StateLocation } from './constructs/remote-state.ts';
import type { operatorCharts } from './versions.ts';

export type EnvironmentName = 'kind' | 'eks' | 'gke';
export type OperatorName = keyof typeof operatorCharts;

export interface AwsCloud {
  readonly kind: 'aws';
  readonly region: string;
  readonly zones: readonly [string, string, string];
  readonly networkCidr: string;
  readonly machineType: string;
  readonly nodes: { readonly min: number; readonly max: number };
  /** Who may reach the API server from outside. */
  readonly operatorCidrs: readonly string[];
}

export interface GoogleCloud {
  readonly kind: 'google';
  readonly project: string;
  readonly region: string;
  readonly zones: readonly [string, string, string];
  readonly networkCidr: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly machineType: string;
  /** In each zone. */
  readonly nodes: { readonly min: number; readonly max: number };
  readonly operatorCidrs: readonly string[];
}

/** How people come in from outside the cluster, past a login. */
export interface WayIn {
  readonly boardHost: string;
  readonly grafanaHost: string;
  /** In front of the board: its own token, or an identity provider by OAuth2 proxy. */
  readonly boardLogin: 'token' | 'oauth2-proxy';
  readonly ingressClass: string;
  /** Of cert-manager; it makes the certificates of both names. */
  readonly clusterIssuer: string;
}

/** Whom alerts are sent to, and by which rules they are given. */
export interface Alerts {
  readonly mail?: { readonly to: string; readonly from: string; readonly smtpHost: string };
  /** What the file of rules says, YAML. Absent: those that are in the log stay. */
  readonly rules?: string;
}

/** Topics beside the usual ones in the same Kafka: those of another pipeline, or the copy of a log with another number of partitions. */
export interface FurtherPipeline {
  /** Before the name of each. */
  readonly prefix: string;
  readonly feedPartitions: number;
}

export interface Environment {
  readonly name: EnvironmentName;
  /** Absent: the cluster is there already. */
  readonly cloud?: AwsCloud | GoogleCloud;
  readonly state: StateLocation;
  readonly operators: readonly OperatorName[];
  /** tiny: Kafka and Cassandra as one pod each, without authentication. replicated: by their operators, three of each. */
  readonly servers: 'tiny' | 'replicated';
  /** The vendor's needs a key: in the cloud's secret manager, or where there is none in `TF_VAR_twelve_data_api_key`. */
  readonly feed: 'simulator' | 'twelve-data';
  readonly symbols?: string;
  /** Before `tapeline/<name>`: a registry that the nodes can pull from. Absent: images were loaded into the nodes. */
  readonly imageRegistry?: string;
  /** A commit. */
  readonly imageTag: string;
  readonly autoscaling: 'keda' | 'hpa' | 'none';
  readonly wayIn?: WayIn;
  /** Bucket of the cloud that each day is exported to. Absent: nothing is exported. */
  readonly exportBucket?: string;
  /** Absent: no notifier. */
  readonly alerts?: Alerts;
  /** Secret of the cloud with `alertmanager.yaml`: whom Alertmanager calls, by mail too. Absent: nobody. */
  readonly alertmanagerSecret?: string;
  /** Where pods find the API server; any address when absent, for it is known only once the cluster stands. */
  readonly kubernetesApiCidrs?: readonly string[];
  /** @default none */
  readonly furtherPipelines?: readonly FurtherPipeline[];
  /** Of the topics that the processes use: one of `furtherPipelines`. @default the usual ones, which have none */
  readonly topicPrefix?: string;
  /** What the processors share, board and export with them. @default that of the charts */
  readonly consumerGroup?: string;
  /** The migrations also make the tables of the next generation, before a rebuild. @default false */
  readonly spareGeneration?: boolean;
  /** Laid over the values of single releases, by their names. */
  readonly chartValues?: Readonly<Record<string, Values>>;
}

const everyOperator = ['cert-manager', 'external-secrets', 'kube-prometheus-stack', 'keda', 'strimzi', 'cass-operator'] as const;

export const environments: Readonly<Record<EnvironmentName, Environment>> = {
  kind: {
    name: 'kind',
    state: { kind: 'local' },
    operators: ['kube-prometheus-stack', 'keda'],
    servers: 'tiny',
    feed: 'simulator',
    imageTag: 'dev',
    autoscaling: 'keda',
  },
  eks: {
    name: 'eks',
    cloud: {
      kind: 'aws',
      region: 'eu-central-1',
      zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
      networkCidr: '10.40.0.0/16',
      machineType: 'm6i.2xlarge',
      nodes: { min: 3, max: 9 },
      operatorCidrs: ['0.0.0.0/0'],
    },
    state: { kind: 's3', bucket: 'tapeline-terraform-state', region: 'eu-central-1' },
    operators: everyOperator,
    servers: 'replicated',
    feed: 'twelve-data',
    imageRegistry: 'registry.example.com',
    imageTag: 'dev',
    autoscaling: 'keda',
  },
  gke: {
    name: 'gke',
    cloud: {
      kind: 'google',
      project: 'tapeline',
      region: 'europe-west3',
      zones: ['europe-west3-a', 'europe-west3-b', 'europe-west3-c'],
      networkCidr: '10.40.0.0/20',
      podCidr: '10.44.0.0/14',
      serviceCidr: '10.48.0.0/20',
      machineType: 'n2-standard-8',
      nodes: { min: 1, max: 3 },
      operatorCidrs: ['0.0.0.0/0'],
    },
    state: { kind: 'gcs', bucket: 'tapeline-terraform-state' },
    operators: everyOperator,
    servers: 'replicated',
    feed: 'twelve-data',
    imageRegistry: 'registry.example.com',
    imageTag: 'dev',
    autoscaling: 'keda',
  },
};
