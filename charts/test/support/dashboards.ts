/** The dashboards of the Grafana chart, as far as the tests read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartsDirectory } from './chart-folders.ts';

export const cassandraType = 'hadesarchitect-cassandra-datasource';

export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

/** A query of a panel: CQL in `target`, or PromQL in `expr`. */
export interface Target {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly queryType?: string;
  readonly rawQuery?: boolean;
  readonly target?: string;
  readonly alias?: string;
  readonly expr?: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly { readonly type: string; readonly title: string; readonly targets: readonly Target[] }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string | { readonly query: string } }[];
  };
}

export function dashboards(): readonly Dashboard[] {
  const folder = join(chartsDirectory, 'grafana', 'dashboards');
  return readdirSync(folder)
    .sort()
    .map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard);
}

/** Every query of every panel. */
export function targets(): readonly Target[] {
  return dashboards().flatMap(({ panels }) => panels.flatMap(panel => panel.targets));
}

export interface Viewing {
  readonly fromMs: number;
  readonly toMs: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** The CQL that reaches Cassandra: Grafana puts variables in (in UTC here), the plug-in the times as milliseconds. */
export function cqlOf(text: string, { fromMs, toMs, variables }: Viewing): string {
  const times = { __from: fromMs, __to: toMs };
  const dated = text.replace(/\$\{(__from|__to):date:([YMD-]+)\}/g, (_, name: '__from' | '__to', format: string) =>
    new Date(times[name]).toISOString().slice(0, format.length),
  );
  const timed = dated.replaceAll('$__timeFrom', String(fromMs)).replaceAll('$__timeTo', String(toMs));
  return Object.entries(variables).reduce((cql, [name, value]) => cql.replaceAll(`$${name}`, value), timed);
}
