/** Metrics of the ingester: found in the registry when they are there, because two feeds share one. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** The counter of that name, made when missing. */
export function counterOf<Label extends string = string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Counter<Label> {
  const known = registry.getSingleMetric(name);
  return known instanceof Counter
    ? (known as Counter<Label>)
    : new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
}

/** The gauge of that name, made when missing. */
export function gaugeOf<Label extends string = string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Gauge<Label> {
  const known = registry.getSingleMetric(name);
  return known instanceof Gauge ? (known as Gauge<Label>) : new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
}
