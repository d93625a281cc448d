/** What happened, as marks on charts. Grafana finds `time`, `timeEnd`, `title`, `text` and `tags` by their names. */
import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { alerts, gaps } from './market-queries.ts';
import { cassandraSource, cql } from './sources.ts';

function annotation(name: string, color: string, query: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(cassandraSource)
    .enable(true)
    .hide(false)
    .iconColor(color)
    .target(cql(query, 'Anno'));
}

const ofSymbol = 'symbol = ${symbol:sqlstring}';
const alert = `(text)'alert' AS scope, time, rule AS "title", message AS "text", severity AS "tags"`;

/** Gaps and alerts of `$symbol`, and the alerts of whole feeds, which have no symbol. */
export function annotationsOfSymbol(): AnnotationQueryBuilder[] {
  const gap = `(text)'gap' AS scope, time, to_time AS "timeEnd", reason AS "text", symbol AS "tags"`;
  return [
    annotation('Gaps', 'orange', gaps(gap, ofSymbol)),
    annotation('Alerts', 'red', alerts(alert, ofSymbol)),
    annotation('Alerts of feeds', 'dark-red', alerts(alert, "symbol = ''")),
  ];
}
