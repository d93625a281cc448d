/** What our dashboards promise beyond the traps: every panel explains itself, and no query reads more than it names. */
import type { DashboardJson, PanelJson, PanelQuery } from '@tapeline/visualization/grafana-check/dashboard-json';
import { schema, selectIn } from './cql-select.ts';
import { annotationsOf, cassandraType } from './dashboards.ts';
import { fieldsAfter } from './panel-fields.ts';

const tables = schema();

/** Every promise that a dashboard breaks, in a sentence. */
export function brokenPromises(dashboard: DashboardJson): readonly string[] {
  const annotations = annotationsOf(dashboard).map(({ target }) => target);
  const queries = [...dashboard.panels.flatMap(({ targets }) => targets), ...annotations].filter(
    ({ datasource }) => datasource.type === cassandraType,
  );
  return [...dashboard.panels.flatMap(explained), ...dashboard.panels.flatMap(namesThatExist), ...queries.flatMap(bounded)];
}

function explained({ type, title, description = '', fieldConfig, targets, datasource }: PanelJson): readonly string[] {
  const { unit, thresholds } = (fieldConfig?.defaults ?? {}) as { unit?: string; thresholds?: { steps: readonly unknown[] } };
  return [
    ...(description.length >= 30 ? [] : [`${title}: needs a description that says what is seen`]),
    ...(unit === undefined ? [`${title}: needs a unit`] : []),
    ...(type === 'stat' && thresholds === undefined ? [`${title}: needs thresholds`] : []),
    ...(datasource !== undefined && targets.length > 0 ? [] : [`${title}: needs a data source and queries`]),
  ];
}

function namesThatExist(panel: PanelJson): readonly string[] {
  if (panel.datasource?.type !== cassandraType) return [];
  const columns = panel.targets.map(({ refId, target = '' }) => [refId, selectIn(target).columns.map(({ name }) => name)] as const);
  const { names, missing } = fieldsAfter(new Map(columns), panel);
  const known = [...names, ...columns.flatMap(([, list]) => list)];
  const overridden = (panel.fieldConfig?.overrides ?? [])
    .filter(({ matcher }) => matcher.id === 'byName')
    .map(({ matcher }) => String(matcher.options));
  return [
    ...missing.map(name => `${panel.title}: a transformation asks for ${name}, which is not there`),
    ...overridden.filter(name => !known.includes(name)).map(name => `${panel.title}: an override is for ${name}, which is not there`),
  ];
}

/** All columns of the partition key are named, and the time where rows have one. */
function bounded({ refId, target = '' }: PanelQuery): readonly string[] {
  const { table, conditions } = selectIn(target);
  const { partitionKey, clusteringKey } = tables.get(table) ?? { partitionKey: ['a table of ours'], clusteringKey: [] };
  const named = (name: string) => conditions.some(({ column, operator }) => column === name && ['=', 'IN'].includes(operator));
  const timeColumn = clusteringKey.find(name => ['start', 'time'].includes(name));
  const within = (operator: string, macro: string) =>
    conditions.some(condition => condition.column === timeColumn && condition.operator === operator && condition.value === macro);
  return [
    ...partitionKey.filter(name => !named(name)).map(name => `${refId}: reads all partitions of ${table}: name ${name}`),
    ...(timeColumn === undefined || (within('>=', '$__timeFrom') && within('<=', '$__timeTo'))
      ? []
      : [`${refId}: must be bounded by $__timeFrom and $__timeTo`]),
  ];
}
