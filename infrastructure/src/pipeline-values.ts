/** This file says what each chart of ours is given in an environment: addresses, names of Secrets, images, sizes. */
import { overlay, type Values } from './chart-values.ts';
import type { Environment, FurtherPipeline } from './environments.ts';
import { namespaces, retainedStorageClass } from './names.ts';

/** Charts of the pipeline in the order in which they need each other. */
export type PipelineChart =
  | 'secrets'
  | 'kafka'
  | 'cassandra'
  | 'migrations'
  | 'simulator'
  | 'ingester'
  | 'stream-processor'
  | 'backfiller'
  | 'daily-jobs'
  | 'live-board'
  | 'notifier'
  | 'kafdrop'
  | 'grafana'
  | 'monitoring';

export interface PipelineContext {
  readonly environment: Environment;
  /** A token: the tag is a variable, so that a new commit needs no new synthesis. */
  readonly imageTag: string;
  /** A token: another text makes roles and tables of Cassandra once more, though nothing else changed. */
  readonly schemaRun: string;
}

/** Secrets of the cloud's manager, which external-secrets copies; the same names inside the cluster. */
const cloudSecrets: readonly Values[] = [
  { name: 'twelve-data', namespaces: [namespaces.pipeline], keys: ['apiKey'] },
  // No pod of the pipeline has it: the roles are made beside Cassandra.
  { name: 'cassandra-superuser', namespaces: [namespaces.data], keys: ['username', 'password'] },
  ...['migrator', 'writer', 'worker', 'reader', 'grafana'].map(
    (login): Values => ({
      name: `cassandra-${login}`,
      namespaces: [namespaces.data, namespaces.pipeline],
      keys: ['username', 'password'],
    }),
  ),
  { name: 'grafana-admin', namespaces: [namespaces.pipeline], keys: ['username', 'password'] },
];

const tokenSecret: Values = { name: 'board-token', namespaces: [namespaces.pipeline], keys: ['token'] };
const exportSecret: Values = { name: 'export-bucket', namespaces: [namespaces.pipeline], keys: ['accessKeyId', 'secretAccessKey'] };
const smtpSecret: Values = { name: 'notifier-smtp', namespaces: [namespaces.pipeline], keys: ['username', 'password'] };
const loginSecret: Values = { name: 'board-login', namespaces: [namespaces.pipeline], keys: ['oauth2-proxy.cfg'] };

const makers: Readonly<Record<PipelineChart, (context: PipelineContext) => Values>> = {
  secrets: ({ environment: { cloud, wayIn, exportBucket, alerts, alertmanagerSecret } }): Values => ({
    ...(cloud?.kind === 'aws' ? { provider: 'aws', region: cloud.region } : {}),
    ...(cloud?.kind === 'google' ? { provider: 'google', project: cloud.project } : {}),
    secrets: [
      ...cloudSecrets,
      ...(exportBucket === undefined ? [] : [exportSecret]),
      ...(alerts?.mail === undefined ? [] : [smtpSecret]),
      ...(alertmanagerSecret === undefined
        ? []
        : [{ name: alertmanagerSecret, namespaces: [namespaces.platform], keys: ['alertmanager.yaml'] }]),
      wayIn?.boardLogin === 'oauth2-proxy' ? loginSecret : tokenSecret,
    ],
  }),
  kafka,
  cassandra,
  migrations: context => ({
    ...image('migrations', context),
    ...cassandraAddress(context, 'cassandra-migrator'),
    settings: { ...datacenter, CASSANDRA_REPLICATION_FACTOR: isTiny(context) ? '1' : '3' },
    run: context.schemaRun,
    ...(context.environment.spareGeneration === true ? { spareGeneration: true } : {}),
  }),
  simulator: context => image('simulator', context),
  ingester: context => ({
    ...image('ingester', context),
    ...kubernetesApi(context),
    ...kafkaAddress(context, 'ingester'),
    ...(context.environment.feed === 'simulator' ? { feedUrl: 'ws://simulator:7010/v1/quotes/price' } : { apiKeySecret: 'twelve-data' }),
    settings: { ...topics(context), ...(context.environment.symbols === undefined ? {} : { SYMBOLS: context.environment.symbols }) },
  }),
  'stream-processor': context => ({
    ...image('stream-processor', context),
    ...kafkaAddress(context, 'stream-processor'),
    ...cassandraAddress(context, 'cassandra-writer'),
    settings: { ...datacenter, ...topics(context), ...group(context) },
    autoscaling: context.environment.autoscaling,
    ...mostProcessors(context),
  }),
  backfiller: context => askingTheVendor(context, 'backfiller'),
  'daily-jobs': context => overlay(askingTheVendor(context, 'daily-jobs'), { ...exporting(context), settings: group(context) }),
  'live-board': context => ({
    ...image('live-board', context),
    ...kafkaAddress(context, 'live-board'),
    ...cassandraAddress(context, 'cassandra-reader'),
    settings: { ...datacenter, ...prefix(context), ...group(context) },
    ...(isTiny(context) ? { replicas: 1 } : {}),
    ...wayIn(context, 'boardHost'),
    ...boardLogin(context),
  }),
  notifier: context => ({
    ...image('notifier', context),
    ...kafkaAddress(context, 'notifier'),
    ...cassandraAddress(context, 'cassandra-worker'),
    settings: { ...datacenter, ...topics(context) },
    ...receivers(context),
  }),
  kafdrop: (context): Values => {
    if (isTiny(context)) return { kafkaBrokers: plainKafka };
    return { kafkaBrokers: securedKafka, kafkaPropertiesSecret: 'kafka-user-kafdrop', kafkaCaSecret: 'kafka-ca' };
  },
  grafana: context => ({
    ...image('grafana', context),
    ...cassandraAddress(context, 'cassandra-grafana'),
    ...(hasMonitoring(context) ? { prometheusUrl: `http://prometheus-operated.${namespaces.platform}:9090` } : {}),
    ...wayIn(context, 'grafanaHost'),
  }),
  monitoring: context => ({ kafka: !isTiny(context), notifier: context.environment.alerts !== undefined }),
};

/** The values of one release. */
export function pipelineValues(chart: PipelineChart, context: PipelineContext): Values {
  return makers[chart](context);
}

/** What an environment installs. */
export function pipelineCharts(environment: Environment): readonly PipelineChart[] {
  const { operators, feed, servers, alerts } = environment;
  const isThere: Partial<Record<PipelineChart, boolean>> = {
    secrets: servers === 'replicated',
    simulator: feed === 'simulator',
    // The simulator in a cluster has no history.
    backfiller: feed === 'twelve-data',
    'daily-jobs': feed === 'twelve-data',
    notifier: alerts !== undefined,
    monitoring: operators.includes('kube-prometheus-stack'),
  };
  return (Object.keys(makers) as PipelineChart[]).filter(chart => isThere[chart] ?? true);
}

const plainKafka = `kafka.${namespaces.data}:9092`;
const securedKafka = `kafka-kafka-bootstrap.${namespaces.data}:9093`;
/** Heartbeats of 24 partitions would be most of what a laptop's disk holds. */
const tinyPartitions = 4;
const datacenter = { CASSANDRA_LOCAL_DATACENTER: 'datacenter1' } as const;

function kafka(context: PipelineContext): Values {
  const { environment } = context;
  const watchers = {
    autoscalerNamespace: environment.autoscaling === 'keda' ? namespaces.platform : '',
    monitoringNamespace: hasMonitoring(context) ? namespaces.platform : '',
  };
  if (isTiny(context)) return { profile: 'tiny', ...watchers, feedPartitions: tinyPartitions, storageSize: '8Gi' };
  return {
    profile: 'strimzi',
    ...watchers,
    ...(environment.consumerGroup === undefined ? {} : { consumerGroup: environment.consumerGroup }),
    ...(environment.furtherPipelines === undefined
      ? {}
      : { furtherPipelines: environment.furtherPipelines.map(further => ({ ...further })) }),
    ...kubernetesApi(context),
    storageClass: retainedStorageClass,
  };
}

function cassandra(context: PipelineContext): Values {
  if (isTiny(context)) return { profile: 'tiny' };
  const zones = context.environment.cloud?.zones ?? [];
  const racks = zones.map((zone, index) => ({ name: `rack-${String.fromCharCode(97 + index)}`, zone }));
  return {
    profile: 'operator',
    storageClass: retainedStorageClass,
    monitoringNamespace: hasMonitoring(context) ? namespaces.platform : '',
    racks,
    ownAuthority: true,
    rolesImageRepository: repositoryOf('migrations', context),
    rolesImageTag: context.imageTag,
    rolesRun: context.schemaRun,
  };
}

function image(name: string, context: PipelineContext): Values {
  return { imageRepository: repositoryOf(name, context), imageTag: context.imageTag };
}

function repositoryOf(name: string, { environment: { imageRegistry } }: PipelineContext): string {
  return imageRegistry === undefined ? `tapeline/${name}` : `${imageRegistry}/tapeline/${name}`;
}

function kafkaAddress(context: PipelineContext, user: string): Values {
  if (isTiny(context)) return { kafkaBrokers: plainKafka };
  return {
    kafkaBrokers: securedKafka,
    kafkaTls: true,
    kafkaCaSecret: 'kafka-ca',
    kafkaUserSecret: `kafka-user-${user}`,
  };
}

function cassandraAddress(context: PipelineContext, userSecret: string): Values {
  if (isTiny(context)) return { cassandraContactPoints: `cassandra.${namespaces.data}:9042` };
  return {
    cassandraContactPoints: `cassandra-datacenter1-service.${namespaces.data}:9042`,
    cassandraTls: true,
    cassandraCaSecret: 'cassandra-ca',
    cassandraUserSecret: userSecret,
  };
}

/** What asks the vendor's REST API does it with the same key, credits and image, for the same symbols. */
function askingTheVendor(context: PipelineContext, name: 'backfiller' | 'daily-jobs'): Values {
  const { symbols } = context.environment;
  return {
    ...image('backfiller', context),
    ...kafkaAddress(context, name),
    ...cassandraAddress(context, 'cassandra-worker'),
    apiKeySecret: 'twelve-data',
    settings: { ...datacenter, ...topics(context), ...(symbols === undefined ? {} : { SYMBOLS: symbols }) },
  };
}

/** Days go to a bucket where one is named; its key is a Secret like the others. */
function exporting(context: PipelineContext): Values {
  const { cloud, exportBucket } = context.environment;
  if (exportBucket === undefined) return {};
  return {
    exportBucket,
    exportKeySecret: 'export-bucket',
    exportImageRepository: repositoryOf('live-board', context),
    ...(cloud?.kind === 'aws' ? { exportRegion: cloud.region } : {}),
    ...(cloud?.kind === 'google' ? { exportEndpoint: 'https://storage.googleapis.com', exportRegion: cloud.region } : {}),
  };
}

/** Links lead to where people find board and Grafana, past a login. */
function receivers({ environment: { alerts, wayIn: way, cloud } }: PipelineContext): Values {
  const { mail, rules } = alerts ?? {};
  return {
    ...(mail === undefined ? {} : { mailTo: mail.to, mailFrom: mail.from, smtpHost: mail.smtpHost }),
    ...(mail === undefined || cloud === undefined ? {} : { smtpUserSecret: 'notifier-smtp' }),
    ...(way === undefined ? {} : { boardUrl: `https://${way.boardHost}`, grafanaUrl: `https://${way.grafanaHost}` }),
    ...(rules === undefined ? {} : { alertRules: rules }),
  };
}

function wayIn({ environment }: PipelineContext, host: 'boardHost' | 'grafanaHost'): Values {
  const way = environment.wayIn;
  if (way === undefined) return {};
  return {
    ingressKind: 'ingress',
    ingressHost: way[host],
    ingressClass: way.ingressClass,
    ingressTlsSecret: `${way[host].replaceAll('.', '-')}-tls`,
    ingressAnnotations: { 'cert-manager.io/cluster-issuer': way.clusterIssuer },
  };
}

/** In a cloud the board asks who wants to see it, by port-forward too; a laptop's shows a simulated market to whoever sits there. */
function boardLogin({ environment: { cloud, wayIn: way } }: PipelineContext): Values {
  if (way?.boardLogin === 'oauth2-proxy') return { loginProxy: 'oauth2-proxy', loginProxySecret: 'board-login' };
  return cloud === undefined ? {} : { tokenSecret: 'board-token' };
}

function isTiny({ environment }: PipelineContext): boolean {
  return environment.servers === 'tiny';
}

function kubernetesApi({ environment: { kubernetesApiCidrs } }: PipelineContext): Values {
  return kubernetesApiCidrs === undefined ? {} : { kubernetesApiCidrs };
}

/** The topics that the processes use, where they are not those that the charts have. */
function pipelineInUse({ environment: { furtherPipelines, topicPrefix } }: PipelineContext): FurtherPipeline | undefined {
  return furtherPipelines?.find(({ prefix }) => prefix === topicPrefix);
}

function prefix(context: PipelineContext): Values {
  const further = pipelineInUse(context);
  return further === undefined ? {} : { KAFKA_TOPIC_PREFIX: further.prefix };
}

/** Of the feed, for those who create topics where the chart kafka does not; `undefined`: as many as the charts have. */
function partitions(context: PipelineContext): number | undefined {
  return pipelineInUse(context)?.feedPartitions ?? (isTiny(context) ? tinyPartitions : undefined);
}

function topics(context: PipelineContext): Values {
  const count = partitions(context);
  return { ...prefix(context), ...(count === undefined ? {} : { KAFKA_FEED_PARTITIONS: String(count) }) };
}

/** More than partitions would sit idle. There are two at least. */
function mostProcessors(context: PipelineContext): Values {
  const count = partitions(context);
  return count === undefined ? {} : { maxReplicas: Math.max(2, count) };
}

/** Of all that asks for the processors' snapshots; the chart of Kafka gives the processors the right to it. */
function group({ environment: { consumerGroup } }: PipelineContext): Values {
  return consumerGroup === undefined ? {} : { KAFKA_GROUP: consumerGroup };
}

function hasMonitoring({ environment }: PipelineContext): boolean {
  return environment.operators.includes('kube-prometheus-stack');
}
