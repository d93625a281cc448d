/** Lines over time of what Prometheus counts, from zero on. */
import type { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { type Heading, lines } from './panels.ts';
import { allSeries, prometheusSource } from './sources.ts';

export type Queries = Parameters<typeof allSeries>[0];

/** `unit` is Grafana's: `cps` counts a second, `s` seconds, `bytes`, `short` a number. */
export function prometheusChart(heading: Heading, unit: string, queries: Queries): TimeseriesPanel {
  return lines(heading).datasource(prometheusSource).unit(unit).min(0).targets(allSeries(queries));
}
