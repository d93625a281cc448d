/**
 * The one catalogue of metrics: code makes them from here (`registered-metrics.ts`), dashboards take their names from here, and alert rules, charts
 * and documents are held to it by tests. `docs/metrics.md` is generated from it.
 */
import { exportJobMetrics, liveBoardMetrics } from './board-metrics.ts';
import { backfillerMetrics, historyMetrics, ingesterMetrics, instrumentsMetrics, restMetrics } from './ingestion-metrics.ts';
import type { MetricDeclaration, MetricKind, ProcessName } from './metric-kinds.ts';
import { alertRuleMetrics, notifierMetrics, streamProcessorMetrics } from './processing-metrics.ts';
import { logMetrics, storeMetrics, traceMetrics } from './storage-metrics.ts';

/** A part of the flow, what it shows, and the processes that it is part of. */
export interface MetricPart {
  readonly name: string;
  readonly about: string;
  readonly shownBy: readonly ProcessName[];
  readonly metrics: Readonly<Record<string, MetricDeclaration>>;
}

const jobs = ['backfiller', 'history', 'instruments'] as const;

export const metricParts: readonly MetricPart[] = [
  { name: 'ingester', about: 'feeds → the log', shownBy: ['ingester'], metrics: ingesterMetrics },
  {
    name: 'log',
    about: 'appends to Kafka, or to the embedded log',
    shownBy: ['ingester', 'stream-processor', 'notifier', ...jobs],
    metrics: logMetrics,
  },
  { name: 'stream processor', about: 'the log → the fold → results', shownBy: ['stream-processor'], metrics: streamProcessorMetrics },
  {
    name: 'store',
    about: 'rows and snapshots, to Cassandra or SQLite; processes that only read show zeros',
    shownBy: ['stream-processor', 'live-board', 'export-job', ...jobs],
    metrics: storeMetrics,
  },
  { name: 'live board', about: 'screens and the HTTP interface', shownBy: ['live-board'], metrics: liveBoardMetrics },
  { name: 'alert rules', about: 'the file of rules → the log', shownBy: ['notifier'], metrics: alertRuleMetrics },
  { name: 'notifier', about: 'alerts → people', shownBy: ['notifier'], metrics: notifierMetrics },
  {
    name: 'backfiller',
    about: 'gaps filled from the vendor’s history, bars compared with it',
    shownBy: ['backfiller'],
    metrics: backfillerMetrics,
  },
  { name: 'history', about: 'the daily job that loads history', shownBy: ['history'], metrics: historyMetrics },
  { name: 'instruments', about: 'the daily job that refreshes metadata', shownBy: ['instruments'], metrics: instrumentsMetrics },
  { name: 'REST API', about: 'the vendor’s, and the credits of the plan', shownBy: jobs, metrics: restMetrics },
  { name: 'export job', about: 'stored days → Parquet files', shownBy: ['export-job'], metrics: exportJobMetrics },
  {
    name: 'traces',
    about: 'spans of sampled ticks → a collector',
    shownBy: ['ingester', 'stream-processor', 'live-board'],
    metrics: traceMetrics,
  },
];

export const metricCatalogue = {
  ...ingesterMetrics,
  ...logMetrics,
  ...streamProcessorMetrics,
  ...storeMetrics,
  ...liveBoardMetrics,
  ...alertRuleMetrics,
  ...notifierMetrics,
  ...backfillerMetrics,
  ...historyMetrics,
  ...instrumentsMetrics,
  ...restMetrics,
  ...exportJobMetrics,
  ...traceMetrics,
} as const;

export type MetricCatalogue = typeof metricCatalogue;
export type MetricName = keyof MetricCatalogue;
/** Names of the metrics of one kind. */
export type NameOf<Kind extends MetricKind> = {
  [Name in MetricName]: MetricCatalogue[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
/** The labels of a metric. */
export type LabelOf<Name extends MetricName> = MetricCatalogue[Name] extends MetricDeclaration<MetricKind, infer Label> ? Label : never;

/** What Prometheus stores of a metric: a histogram is three series. */
export function seriesNames(name: string, kind: MetricKind): readonly string[] {
  return kind === 'histogram' ? ['_bucket', '_sum', '_count'].map(suffix => `${name}${suffix}`) : [name];
}
