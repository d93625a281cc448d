/** PromQL over the catalogue of metrics: a name or a label that no process shows does not compile. */
import { type LabelOf, type MetricName, metricCatalogue, type NameOf } from '@tapeline/core/metrics/catalogue';

/** An expression, and the labels that its series have; `pod` is Prometheus's own. */
export interface Series<Label extends string = string> {
  readonly expr: string;
  readonly labels: readonly Label[];
}

type LabelsOf<Name extends MetricName> = LabelOf<Name> | 'pod';
/** `late` is asked for, `!late` left out. */
type Where<Name extends MetricName> = Readonly<Partial<Record<LabelOf<Name>, string>>>;

/** How much a counter grows in a second, over the last `window` (as `5m`). */
export function rate<Name extends NameOf<'counter'>>(name: Name, window: string, where?: Where<Name>): Series<LabelsOf<Name>> {
  return { expr: `rate(${selected(name, where)}[${window}])`, labels: labelsOf(name) };
}

/** How much a counter grew in the last `window`. */
export function increase<Name extends NameOf<'counter'>>(name: Name, window: string, where?: Where<Name>): Series<LabelsOf<Name>> {
  return { expr: `increase(${selected(name, where)}[${window}])`, labels: labelsOf(name) };
}

/** A gauge as it is. */
export function value<Name extends NameOf<'gauge'>>(name: Name, where?: Where<Name>): Series<LabelsOf<Name>> {
  return { expr: selected(name, where), labels: labelsOf(name) };
}

/** How long it took in that share of cases, over five minutes. */
export function quantile(share: number, name: NameOf<'histogram'>): Series<never> {
  return { expr: `histogram_quantile(${share}, sum by (le) (rate(${name}_bucket[5m])))`, labels: [] };
}

/** Requests, or whatever a histogram looks at, in a second. */
export function countRate<Name extends NameOf<'histogram'>>(name: Name, window: string, where?: Where<Name>): Series<LabelsOf<Name>> {
  return { expr: `rate(${selected(name, where, '_count')}[${window}])`, labels: labelsOf(name) };
}

/** Cores that our containers use. */
export function cpuRate(window: string): Series<'pod'> {
  return { expr: `rate(process_cpu_seconds_total{container!=""}[${window}])`, labels: ['pod'] };
}

export function sum<Label extends string, By extends Label = never>(series: Series<Label>, ...by: readonly By[]): Series<By> {
  return aggregated('sum', series, by);
}

export function min<Label extends string, By extends Label = never>(series: Series<Label>, ...by: readonly By[]): Series<By> {
  return aggregated('min', series, by);
}

export function max<Label extends string, By extends Label = never>(series: Series<Label>, ...by: readonly By[]): Series<By> {
  return aggregated('max', series, by);
}

export function times<Label extends string>(factor: number, { expr, labels }: Series<Label>): Series<Label> {
  return { expr: `${factor} * ${expr}`, labels };
}

/** Only the series for which it is true: `> 0`. */
export function where<Label extends string>({ expr, labels }: Series<Label>, condition: `${'>' | '>='} ${number}`): Series<Label> {
  return { expr: `${expr} ${condition}`, labels };
}

/** Seconds since a moment that a metric tells. */
export function since<Label extends string>({ expr, labels }: Series<Label>): Series<Label> {
  return { expr: `time() - ${expr}`, labels };
}

/** Also where nobody has counted anything yet. */
export function orZero({ expr }: Series<never>): Series<never> {
  return { expr: `(${expr} or vector(0))`, labels: [] };
}

export function plus(first: Series<never>, second: Series<never>): Series<never> {
  return { expr: `${first.expr} + ${second.expr}`, labels: [] };
}

function aggregated<By extends string>(how: string, { expr }: Series, by: readonly By[]): Series<By> {
  return { expr: `${how}${by.length === 0 ? '' : ` by (${by.join(', ')}) `}(${expr})`, labels: by };
}

function selected<Name extends MetricName>(name: Name, where?: Where<Name>, suffix = ''): string {
  const matchers = Object.entries<string | undefined>(where ?? {}).map(([label, text = '']) =>
    text.startsWith('!') ? `${label}!="${text.slice(1)}"` : `${label}="${text}"`,
  );
  return `${name}${suffix}${matchers.length === 0 ? '' : `{${matchers.join(',')}}`}`;
}

function labelsOf<Name extends MetricName>(name: Name): readonly LabelsOf<Name>[] {
  return [...(Object.keys(metricCatalogue[name].labels) as LabelOf<Name>[]), 'pod'];
}
