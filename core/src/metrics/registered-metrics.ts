/** Makes metrics from the catalogue: a name or a label that is not in it does not compile. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type LabelOf, type MetricCatalogue, type MetricName, metricCatalogue, metricParts } from './catalogue.ts';
import type { LabelValues, MetricDeclaration, ProcessName } from './metric-kinds.ts';

export type { Registry };

/** A scrape stays short. */
const mostKnownSeries = 32;

export type MetricOf<Name extends MetricName> = MetricCatalogue[Name]['kind'] extends 'counter'
  ? Counter<LabelOf<Name>>
  : MetricCatalogue[Name]['kind'] extends 'gauge'
    ? Gauge<LabelOf<Name>>
    : Histogram<LabelOf<Name>>;

/** The metric of that name in a registry, made when missing: several feeds, stores and parts of a process share one. */
export function metricOf<Name extends MetricName>(registry: Registry, name: Name): MetricOf<Name> {
  return (registry.getSingleMetric(name) ?? made(registry, name, metricCatalogue[name])) as MetricOf<Name>;
}

/**
 * The registry of a process, with all metrics that it may ever show, so that a scrape finds each of them from the start on: counters at 0, gauges
 * without a value until somebody knows it, and what Node says of itself. A counter whose labels have few values shows all of its series: a rate
 * misses the first step of a series that appears with it.
 */
export function processRegistry(...names: readonly ProcessName[]): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { shownBy, metrics } of metricParts) {
    if (!shownBy.some(process => names.includes(process))) continue;
    for (const [name, declaration] of Object.entries(metrics)) {
      const metric = made(registry, name, declaration);
      // A gauge without labels is born with 0, which would be a lie of a credit that nobody has asked for.
      const isBare = Object.keys(declaration.labels).length === 0;
      if (metric instanceof Gauge && isBare && declaration.startsAtZero !== true) metric.remove();
      if (metric instanceof Counter) for (const series of knownSeries(declaration)) metric.inc(series, 0);
    }
  }
  return registry;
}

/** Names of the metrics that Node says of itself. */
export function metricsOfNode(): readonly string[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry.getMetricsAsArray().map(({ name }) => name);
}

/** All series of a metric with labels of which every value is known; none where there are too many. */
function knownSeries({ labels }: MetricDeclaration): readonly Readonly<Record<string, string>>[] {
  let series: Readonly<Record<string, string>>[] = [{}];
  for (const [label, { values = [] }] of Object.entries<LabelValues>(labels)) {
    series = series.flatMap(each => values.map(value => ({ ...each, [label]: value })));
    if (series.length > mostKnownSeries) return [];
  }
  return Object.keys(labels).length === 0 ? [] : series;
}

function made(registry: Registry, name: string, { kind, help, labels, buckets }: MetricDeclaration): Counter | Gauge | Histogram {
  const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (kind === 'counter') return new Counter(options);
  if (kind === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, ...(buckets === undefined ? {} : { buckets: [...buckets] }) });
}
