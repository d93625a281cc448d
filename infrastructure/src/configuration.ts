/** This file reads what the environment table cannot know: the commit, buckets, the project, the registry. */
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import {
  type Alerts,
  type AwsCloud,
  type Environment,
  type EnvironmentName,
  environments,
  type FurtherPipeline,
  type GoogleCloud,
  type WayIn,
} from './environments.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Variables that change the table, with what they say; the README of this folder lists them. */
export const variables = {
  TAPELINE_IMAGE_TAG: 'tag of the images; the commit when absent',
  TAPELINE_IMAGE_REGISTRY: 'registry that the nodes of a cloud pull from',
  TAPELINE_SYMBOLS: 'what to subscribe to',
  TAPELINE_FEED: 'simulator or twelve-data',
  TAPELINE_KAFKA_GROUP:
    'consumer group of the stream processors, which the board and the export are told, too; stream-processor when absent',
  TAPELINE_KAFKA_FURTHER_PIPELINES:
    'prefix and partitions of topics beside the usual ones in the same Kafka, as wide.:48, separated by commas; what is taken out loses its rights, its topics stay',
  TAPELINE_KAFKA_TOPIC_PREFIX: 'prefix of the topics that all processes use, one of TAPELINE_KAFKA_FURTHER_PIPELINES; none when absent',
  TAPELINE_SPARE_GENERATION: 'true: the migrations also make the tables of the next generation, before a rebuild; may stay',
  TAPELINE_OPERATOR_CIDRS: 'addresses that may reach the API server of a cloud, separated by commas',
  TAPELINE_KUBERNETES_API_CIDRS: 'addresses at which pods of a cloud find its API server, separated by commas; any when absent',
  TAPELINE_AWS_REGION: 'region of EKS; its zones are a, b and c',
  TAPELINE_AWS_STATE_BUCKET: "bucket of S3 for Terraform's state",
  TAPELINE_GOOGLE_PROJECT: 'project of GKE',
  TAPELINE_GOOGLE_REGION: 'region of GKE; its zones are a, b and c',
  TAPELINE_GOOGLE_STATE_BUCKET: "bucket of GCS for Terraform's state",
  TAPELINE_EXPORT_BUCKET: 'bucket of the cloud that each day is exported to as Parquet files; nothing is exported when absent',
  TAPELINE_BOARD_HOST: 'name under which people find the board; with TAPELINE_GRAFANA_HOST it opens the cloud to them',
  TAPELINE_GRAFANA_HOST: 'name under which people find Grafana',
  TAPELINE_BOARD_LOGIN: 'what the board asks people for: token or oauth2-proxy; token when absent',
  TAPELINE_ALERT_RULES_FILE: 'file of alert rules, read by the synthesis; it, or the next three, bring the notifier',
  TAPELINE_ALERT_MAIL_TO: 'who gets alerts by mail, addresses separated by commas',
  TAPELINE_ALERT_MAIL_FROM: 'sender of these mails',
  TAPELINE_SMTP_HOST: 'mail server, at port 587 with STARTTLS; in a cloud its user and password are the secret notifier-smtp',
  TAPELINE_ALERTMANAGER_SECRET: 'secret of the cloud with alertmanager.yaml: whom Alertmanager calls, by mail too; nobody when absent',
  TAPELINE_INGRESS_CLASS: 'class of the Ingress controller; nginx when absent',
  TAPELINE_CLUSTER_ISSUER: 'ClusterIssuer of cert-manager; letsencrypt when absent',
} as const;

/**
 * The table with these variables laid over it.
 *
 * @param commit asked for only when no tag was given
 * @throws PipelineError `configuration.invalid` with every fault
 */
export function configuredEnvironments(given: Variables, commit: () => string): Readonly<Record<EnvironmentName, Environment>> {
  const faults = faultsIn(given);
  if (faults.length > 0) throw new PipelineError('configuration.invalid', faults.join('\n'), { retriable: false });
  const imageTag = given.TAPELINE_IMAGE_TAG ?? commit();
  const { kind, eks, gke } = environments;
  return { kind: configured(kind, given, imageTag), eks: configured(eks, given, imageTag), gke: configured(gke, given, imageTag) };
}

function configured(environment: Environment, given: Variables, imageTag: string): Environment {
  const { cloud, state } = environment;
  const feed = given.TAPELINE_FEED === undefined ? environment.feed : given.TAPELINE_FEED === 'simulator' ? 'simulator' : 'twelve-data';
  const common = {
    ...environment,
    imageTag,
    feed,
    ...present({
      symbols: given.TAPELINE_SYMBOLS,
      alerts: alerts(given),
      consumerGroup: given.TAPELINE_KAFKA_GROUP,
      furtherPipelines: furtherPipelines(given),
      topicPrefix: given.TAPELINE_KAFKA_TOPIC_PREFIX,
    }),
    ...(given.TAPELINE_SPARE_GENERATION === 'true' && { spareGeneration: true }),
  } as const;
  if (cloud === undefined) return common;
  const shared = {
    ...common,
    ...present({
      imageRegistry: given.TAPELINE_IMAGE_REGISTRY,
      wayIn: wayIn(given),
      exportBucket: given.TAPELINE_EXPORT_BUCKET,
      alertmanagerSecret: given.TAPELINE_ALERTMANAGER_SECRET,
      kubernetesApiCidrs: listed(given.TAPELINE_KUBERNETES_API_CIDRS),
    }),
  };
  if (cloud.kind === 'google') {
    const bucket = given.TAPELINE_GOOGLE_STATE_BUCKET;
    return { ...shared, cloud: google(cloud, given), state: bucket === undefined ? state : { kind: 'gcs', bucket } };
  }
  const aws = amazon(cloud, given);
  const bucket = given.TAPELINE_AWS_STATE_BUCKET ?? (state.kind === 's3' ? state.bucket : '');
  return { ...shared, cloud: aws, state: { kind: 's3', bucket, region: aws.region } };
}

function amazon(cloud: AwsCloud, given: Variables): AwsCloud {
  const region = given.TAPELINE_AWS_REGION ?? cloud.region;
  return {
    ...cloud,
    region,
    zones: [`${region}a`, `${region}b`, `${region}c`],
    operatorCidrs: listed(given.TAPELINE_OPERATOR_CIDRS) ?? cloud.operatorCidrs,
  };
}

function google(cloud: GoogleCloud, given: Variables): GoogleCloud {
  const region = given.TAPELINE_GOOGLE_REGION ?? cloud.region;
  const project = given.TAPELINE_GOOGLE_PROJECT ?? cloud.project;
  const operatorCidrs = listed(given.TAPELINE_OPERATOR_CIDRS) ?? cloud.operatorCidrs;
  return { ...cloud, project, region, zones: [`${region}-a`, `${region}-b`, `${region}-c`], operatorCidrs };
}

function wayIn(given: Variables): WayIn | undefined {
  const { TAPELINE_BOARD_HOST: boardHost, TAPELINE_GRAFANA_HOST: grafanaHost } = given;
  if (boardHost === undefined || grafanaHost === undefined) return undefined;
  const { TAPELINE_INGRESS_CLASS: ingressClass = 'nginx', TAPELINE_CLUSTER_ISSUER: clusterIssuer = 'letsencrypt' } = given;
  const boardLogin = given.TAPELINE_BOARD_LOGIN === 'oauth2-proxy' ? 'oauth2-proxy' : 'token';
  return { boardHost, grafanaHost, boardLogin, ingressClass, clusterIssuer };
}

/** @throws PipelineError `configuration.invalid` when the file cannot be read. */
function alerts(given: Variables): Alerts | undefined {
  const {
    TAPELINE_ALERT_MAIL_TO: to,
    TAPELINE_ALERT_MAIL_FROM: from,
    TAPELINE_SMTP_HOST: smtpHost,
    TAPELINE_ALERT_RULES_FILE: file,
  } = given;
  const mail = to === undefined || from === undefined || smtpHost === undefined ? undefined : { to, from, smtpHost };
  if (mail === undefined && file === undefined) return undefined;
  try {
    return present({ mail, rules: file === undefined ? undefined : readFileSync(file, 'utf8') });
  } catch (cause) {
    const message = `TAPELINE_ALERT_RULES_FILE must be a file that can be read, was "${file}" (${reasonOf(cause)})`;
    throw new PipelineError('configuration.invalid', message, { retriable: false, cause });
  }
}

function furtherPipelines({ TAPELINE_KAFKA_FURTHER_PIPELINES: list }: Variables): readonly FurtherPipeline[] | undefined {
  return listed(list)?.map(text => {
    const [prefix = '', partitions] = text.split(':');
    return { prefix, feedPartitions: Number(partitions) };
  });
}

interface Form {
  /** Completes "must be …". */
  readonly expected: string;
  readonly isMet: (text: string) => boolean;
}

const hostName = formOf(
  'a name such as board.example.com',
  /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)+$/,
);
const region = formOf('a region such as eu-central-1', /^[a-z]+(-[a-z]+)*-?\d{1,2}$/);
const bucket = formOf('the name of a bucket: small letters, digits, dots, hyphens', /^[a-z\d][a-z\d._-]{1,61}[a-z\d]$/);
const objectName = formOf('a name of Kubernetes: small letters, digits, dots, hyphens', /^(?=.{1,253}$)[a-z\d]([a-z\d.-]*[a-z\d])?$/);
const addressRanges: Form = {
  expected: 'addresses as 203.0.113.0/24, separated by commas',
  isMet: text => (listed(text) ?? []).every(isRange),
};

/** Prefixes as the chart of Kafka takes them. */
const pipelinesForm: Form = {
  expected: 'prefixes with 1 to 1024 partitions, as wide.:48, separated by commas',
  isMet: text => (listed(text) ?? []).every(isPipeline),
};

/** What each must look like, where a cloud or a cluster would refuse it only in the middle of a deployment. */
const forms: Partial<Record<keyof typeof variables, Form>> = {
  TAPELINE_IMAGE_TAG: { expected: 'an exact tag such as a commit', isMet: tag => /^[\w][\w.-]{0,127}$/.test(tag) && tag !== 'latest' },
  TAPELINE_IMAGE_REGISTRY: formOf('a registry such as images.example.com/market', /^[a-z\d][\w.:/-]*[a-z\d]$/),
  TAPELINE_FEED: formOf('simulator or twelve-data', /^(simulator|twelve-data)$/),
  TAPELINE_KAFKA_GROUP: formOf('a name of letters, digits, dots, hyphens', /^[\w.-]{1,249}$/),
  TAPELINE_KAFKA_FURTHER_PIPELINES: pipelinesForm,
  TAPELINE_SPARE_GENERATION: formOf('true or false', /^(true|false)$/),
  TAPELINE_OPERATOR_CIDRS: addressRanges,
  TAPELINE_KUBERNETES_API_CIDRS: addressRanges,
  TAPELINE_AWS_REGION: region,
  TAPELINE_AWS_STATE_BUCKET: bucket,
  TAPELINE_GOOGLE_PROJECT: formOf('the id of a project', /^[a-z][a-z\d.:-]{4,61}[a-z\d]$/),
  TAPELINE_GOOGLE_REGION: region,
  TAPELINE_GOOGLE_STATE_BUCKET: bucket,
  TAPELINE_EXPORT_BUCKET: bucket,
  TAPELINE_BOARD_HOST: hostName,
  TAPELINE_GRAFANA_HOST: hostName,
  TAPELINE_BOARD_LOGIN: formOf('token or oauth2-proxy', /^(token|oauth2-proxy)$/),
  TAPELINE_ALERT_MAIL_TO: formOf('addresses of mail, separated by commas', /^[^\s@,]+@[^\s@,]+(\s*,\s*[^\s@,]+@[^\s@,]+)*$/),
  TAPELINE_ALERT_MAIL_FROM: formOf('an address of mail', /^[^\s@,]+@[^\s@,]+$/),
  TAPELINE_SMTP_HOST: hostName,
  TAPELINE_ALERTMANAGER_SECRET: objectName,
  TAPELINE_INGRESS_CLASS: objectName,
  TAPELINE_CLUSTER_ISSUER: objectName,
};

function formOf(expected: string, pattern: RegExp): Form {
  return { expected, isMet: text => pattern.test(text) };
}

function isPipeline(text: string): boolean {
  const [, partitions] = /^(?=.{1,100}:)[a-z\d]+(?:[-.][a-z\d]+)*[-.]?:(\d{1,4})$/.exec(text) ?? [];
  return Number(partitions) >= 1 && Number(partitions) <= 1_024;
}

function isRange(text: string): boolean {
  const [, address = '', bits] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  return isIPv4(address) && Number(bits) <= 32;
}

function faultsIn(given: Variables): readonly string[] {
  const faults: string[] = [];
  for (const name of Object.keys(variables) as (keyof typeof variables)[]) {
    const value = given[name];
    const expected = value === '' ? 'text that is not empty, or absent' : forms[name]?.expected;
    if (value === '' || (value !== undefined && forms[name]?.isMet(value) === false))
      faults.push(`${name} must be ${expected}, was "${value}"`);
  }
  if (given.TAPELINE_FEED === 'simulator' && given.TAPELINE_EXPORT_BUCKET !== undefined)
    faults.push('TAPELINE_EXPORT_BUCKET is for the feed twelve-data: unset it, or TAPELINE_FEED');
  faults.push(...pipelineFaults(given));
  const hosts = [given.TAPELINE_BOARD_HOST, given.TAPELINE_GRAFANA_HOST];
  if (areTorn(hosts)) faults.push('TAPELINE_BOARD_HOST and TAPELINE_GRAFANA_HOST must be given together');
  const mail = [given.TAPELINE_ALERT_MAIL_TO, given.TAPELINE_ALERT_MAIL_FROM, given.TAPELINE_SMTP_HOST];
  if (areTorn(mail)) faults.push('TAPELINE_ALERT_MAIL_TO, TAPELINE_ALERT_MAIL_FROM and TAPELINE_SMTP_HOST must be given together');
  return faults;
}

function pipelineFaults(given: Variables): readonly string[] {
  const prefixes = furtherPipelines(given)?.map(({ prefix }) => prefix) ?? [];
  const twice = prefixes.filter((prefix, index) => prefixes.indexOf(prefix) < index);
  const used = given.TAPELINE_KAFKA_TOPIC_PREFIX;
  const isUnknown = used !== undefined && !prefixes.includes(used);
  return [
    ...twice.map(prefix => `TAPELINE_KAFKA_FURTHER_PIPELINES must have each prefix once, has "${prefix}" twice`),
    ...(isUnknown ? [`TAPELINE_KAFKA_TOPIC_PREFIX must be one of TAPELINE_KAFKA_FURTHER_PIPELINES, was "${used}"`] : []),
  ];
}

function areTorn(values: readonly (string | undefined)[]): boolean {
  return new Set(values.map(value => value === undefined)).size > 1;
}

function listed(list: string | undefined): readonly string[] | undefined {
  return list?.split(',').map(text => text.trim());
}

/** Without the names whose value is absent, so that they do not hide what is below. */
function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
