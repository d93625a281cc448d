/** The two data sources of the dashboards, and a query of each as a builder that the SDK's panels take. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import type { Series } from './promql.ts';

export const cassandraSource: DataSourceRef = { type: 'hadesarchitect-cassandra-datasource', uid: 'cassandra-md' };
export const prometheusSource: DataSourceRef = { type: 'prometheus', uid: 'prometheus' };

/** Never an alias: it takes the candles away without an error. Series get their names from the first column of the query. */
interface CassandraTarget extends Dataquery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly queryType: 'query' | 'alert';
  readonly rawQuery: true;
  readonly target: string;
}

/** A query in CQL; its rows come as one frame for each value of the first column. */
export function cql(target: string, refId = 'A'): Builder<Dataquery> {
  return { build: () => cassandraTarget(target, refId, 'query') };
}

/** The same as an alert rule asks it: numbers stay, texts become labels. */
export function cqlOfAlert(target: string, refId = 'A'): CassandraTarget {
  return cassandraTarget(target, refId, 'alert');
}

function cassandraTarget(target: string, refId: string, queryType: 'query' | 'alert'): CassandraTarget {
  return { refId, datasource: cassandraSource, queryType, rawQuery: true, target, _implementsDataqueryVariant: () => undefined };
}

/** A series over the time shown; `legend` names it, `{{label}}` takes a label's value. */
export function series(expr: string, legend: string, refId = 'A'): Builder<Dataquery> {
  return new DataqueryBuilder().datasource(prometheusSource).refId(refId).expr(expr).legendFormat(legend).range();
}

/** Series one after the other, with the letters that Grafana gives them. */
export function allSeries(queries: readonly (readonly [asked: Series, legend: string])[]): Builder<Dataquery>[] {
  return queries.map(([{ expr }, legend], index) => series(expr, legend, String.fromCharCode(65 + index)));
}

/** The value at the end of the time shown. */
export function newest({ expr }: Series, refId = 'A'): Builder<Dataquery> {
  return new DataqueryBuilder().datasource(prometheusSource).refId(refId).expr(expr).instant();
}
