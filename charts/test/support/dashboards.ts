/** The dashboards and alert rules of the Grafana chart, as they stand in its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertRuleGroup } from '@tapeline/visualization/dashboards/alert-rules';
import type { AnnotationJson, DashboardJson, PanelJson, PanelQuery } from '@tapeline/visualization/grafana-check/dashboard-json';
import { chartsDirectory } from './chart-folders.ts';

export const cassandraType = 'hadesarchitect-cassandra-datasource';

const chart = join(chartsDirectory, 'grafana');

export function dashboards(): readonly DashboardJson[] {
  return readdirSync(join(chart, 'dashboards'))
    .sort()
    .map(file => JSON.parse(readFileSync(join(chart, 'dashboards', file), 'utf8')) as DashboardJson);
}

/** One of them by its uid. */
export function dashboard(uid: string): DashboardJson {
  const found = dashboards().find(each => each.uid === uid);
  if (found === undefined) throw new Error(`no dashboard has the uid ${uid}`);
  return found;
}

export function alertRules(): AlertRuleGroup {
  return JSON.parse(readFileSync(join(chart, 'alerting', 'rules.json'), 'utf8')) as AlertRuleGroup;
}

/** Every query of every panel. */
export function targets(): readonly PanelQuery[] {
  return dashboards().flatMap(({ panels }) => panels.flatMap(panel => panel.targets));
}

/** A panel of a dashboard by a part of its title. */
export function panelOf(of: DashboardJson, title: string): PanelJson {
  const found = of.panels.find(panel => panel.title.includes(title));
  if (found === undefined) throw new Error(`${of.title} has no panel ${title}`);
  return found;
}

export function annotationsOf({ annotations }: DashboardJson): readonly AnnotationJson[] {
  return annotations.list ?? [];
}
