/**
 * What goes wrong in Grafana on Cassandra without an error, or only once a dashboard is open: eleven traps that were met, by their number.
 *
 * Each function gives the faults of one trap, in a sentence that says the panel and the remedy.
 */
import type { DashboardJson, PanelJson, PanelQuery, VariableJson } from '@tapeline/visualization/grafana-check/dashboard-json';
import { queryOf } from '@tapeline/visualization/grafana-check/dashboard-json';
import { isConstant, schema, selectIn } from './cql-select.ts';
import { annotationsOf, cassandraType } from './dashboards.ts';

export interface Fault {
  readonly trap: number;
  readonly message: string;
}

const tables = schema();
const oneNumber = ['stat', 'gauge', 'bargauge'];

/** Every fault of a dashboard. */
export function faultsOf(dashboard: DashboardJson): readonly Fault[] {
  const panels = dashboard.panels.filter(({ targets }) => targets.some(onCassandra));
  const queries = [...dashboard.panels.flatMap(({ targets }) => targets), ...annotationsOf(dashboard).map(({ target }) => target)].filter(
    onCassandra,
  );
  const variables = dashboard.templating.list ?? [];
  return [
    ...told(1, panels.flatMap(candlesWithoutNames)),
    ...told(2, panels.flatMap(orderThatMatters)),
    ...told(3, queries.flatMap(orderWithIn)),
    ...told(4, variables.flatMap(variableOfDates)),
    ...told(5, panels.flatMap(tableOfManyFrames)),
    ...told(6, panels.flatMap(framesThatJump)),
    ...told(7, panels.flatMap(timelineOfNames)),
    ...told(8, queries.flatMap(unreadable)),
    ...told(9, queries.flatMap(dateForText)),
    ...told(
      10,
      queries.flatMap(query => unknownVariables(query, variables)),
    ),
    ...told(11, notProvisioned(dashboard)),
  ];
}

/** Trap 1: the candlestick panel finds its fields by name, and an alias gives all of them one name. */
function candlesWithoutNames({ type, title, targets, fieldConfig }: PanelJson): readonly string[] {
  if (type !== 'candlestick') return [];
  const prices = ['open', 'high', 'low', 'close', 'volume'];
  const columns = targets.flatMap(({ target = '' }) => selectIn(target).columns.map(({ name }) => name));
  const renamed = (fieldConfig?.overrides ?? []).filter(
    ({ matcher, properties }) => prices.includes(String(matcher.options)) && properties.some(({ id }) => id === 'displayName'),
  );
  return [
    ...targets.filter(({ alias }) => alias).map(({ refId }) => `${title}: the alias of ${refId} removes the candles: leave it out`),
    ...prices.filter(price => !columns.includes(price)).map(price => `${title}: no query has a column ${price}`),
    ...renamed.map(({ matcher }) => `${title}: ${String(matcher.options)} has another name: leave it its own`),
  ];
}

/** Trap 2: rows come newest first, so that the last one is the oldest. */
function orderThatMatters({ type, title, targets, options = {}, transformations = [] }: PanelJson): readonly string[] {
  const descending = targets.filter(({ target = '' }) => isDescending(target));
  if (descending.length === 0) return [];
  const sorted = transformations.findIndex(({ id }) => id === 'sortBy');
  const grouping = transformations.findIndex(
    ({ id, options: given }) => id === 'groupBy' && /"(first|last)\w*"/.test(JSON.stringify(given)),
  );
  const { calcs = [] } = (options.reduceOptions ?? {}) as { calcs?: readonly string[] };
  return [
    ...(oneNumber.includes(type) && calcs.some(calc => /^(first|last)/.test(calc)) && sorted < 0
      ? [`${title}: ${calcs.join()} takes the oldest of rows that come newest first: ask for one row, or sort`]
      : []),
    ...(grouping >= 0 && (sorted < 0 || sorted > grouping)
      ? [`${title}: first and last depend on the order of rows: sort by time before`]
      : []),
  ];
}

/** Rows of a table whose newest come first, and more than one. */
export function isDescending(query: string): boolean {
  const { table, single } = selectIn(query);
  return !single && (tables.get(table)?.descending ?? false);
}

/** Trap 3. */
function orderWithIn({ refId, target = '' }: PanelQuery): readonly string[] {
  const { ordered, conditions } = selectIn(target);
  return ordered && conditions.some(({ operator }) => operator === 'IN')
    ? [`${refId}: ORDER BY fails with IN: leave it out, panels sort`]
    : [];
}

/** Trap 4: the text that a variable gets from a date is none that a query can parse. */
function variableOfDates(variable: VariableJson): readonly string[] {
  if (variable.type !== 'query' || variable.datasource?.type !== cassandraType) return [];
  const { columns, table } = selectIn(queryOf(variable));
  const [first] = columns;
  const isDate =
    /^(toDate|currentDate)\(/i.test(first?.expression ?? '') || tables.get(table)?.types.get(first?.expression ?? '') === 'date';
  return isDate ? [`$${variable.name}: is of type date: CAST(${first?.expression} AS text)`] : [];
}

/** Trap 5: a table shows one frame, and a picker for the others. */
function tableOfManyFrames({ type, title, targets, transformations = [] }: PanelJson): readonly string[] {
  if (type !== 'table' || transformations.some(({ id }) => id === 'merge')) return [];
  return targets.filter(query => !inOneFrame(query)).map(({ refId }) => `${title}: ${refId} needs a constant first column, or merge`);
}

/** Trap 6: frames come in another order each time. */
function framesThatJump({ type, title, targets, fieldConfig, transformations = [] }: PanelJson): readonly string[] {
  const many = targets.filter(query => !inOneFrame(query));
  if (many.length === 0 || transformations.some(({ id }) => id === 'merge')) return [];
  if (oneNumber.includes(type)) return [`${title}: tiles change places: give the query a constant first column`];
  const { mode } = (fieldConfig?.defaults.color ?? {}) as { mode?: string };
  const colored = type === 'timeseries' && mode !== 'palette-classic-by-name';
  return colored ? [`${title}: colours change hands: palette-classic-by-name`] : [];
}

function inOneFrame({ target = '' }: PanelQuery): boolean {
  const { columns, conditions } = selectIn(target);
  const [first] = columns;
  return isConstant(first?.expression) || conditions.some(({ column, operator }) => column === first?.expression && operator === '=');
}

/** Trap 7: a state timeline draws the column of names as a row, and names rows by fields. */
function timelineOfNames({ type, title, targets, fieldConfig, transformations = [] }: PanelJson): readonly string[] {
  if (type !== 'state-timeline') return [];
  const excluded = transformations
    .filter(({ id }) => id === 'organize')
    .map(({ options }) => options.excludeByName as Record<string, boolean>);
  const first = targets.map(({ target = '' }) => selectIn(target).columns[0]?.name ?? '');
  const { displayName, mappings = [] } = (fieldConfig?.defaults ?? {}) as { displayName?: string; mappings?: readonly unknown[] };
  return [
    ...first.filter(name => !excluded.some(names => names[name])).map(name => `${title}: ${name} would be a row: exclude it with organize`),
    ...(displayName === '${__series.name}' ? [] : [`${title}: name rows by \${__series.name}`]),
    ...(mappings.length > 0 ? [] : [`${title}: colour states by value mappings`]),
  ];
}

/** Trap 8: types that the plug-in cannot read, and a query without its type. */
function unreadable({ refId, target = '', queryType, rawQuery }: PanelQuery): readonly string[] {
  const { columns, table } = selectIn(target);
  const typeOf = (expression: string) => tables.get(table)?.types.get(expression) ?? /(?:^\(| AS )(\w+)\)/i.exec(expression)?.[1] ?? '';
  const types = columns.map(({ expression, name }) => ({ name, type: typeOf(expression).toLowerCase() }));
  return [
    ...types
      .filter(({ type }) => ['decimal', 'varint', 'duration', 'time'].includes(type))
      .map(({ name, type }) => `${refId}: ${name} is of type ${type}: make it double`),
    ...(['smallint', 'tinyint'].includes(types[0]?.type ?? '') ? [`${refId}: a ${types[0]?.type} cannot be the first column`] : []),
    ...(['query', 'alert'].includes(queryType ?? '') && rawQuery ? [] : [`${refId}: no handler for it without queryType and rawQuery`]),
  ];
}

/** Trap 9: `currentDate()` serves where the day is a date; ours are texts, which no function makes. */
export function dateForText({ refId, target = '' }: PanelQuery): readonly string[] {
  const { table, conditions } = selectIn(target);
  const wrong = conditions.filter(
    ({ column, value }) => /\b(currentDate|toDate)\(/i.test(value) && tables.get(table)?.types.get(column) === 'text',
  );
  return wrong.map(({ column }) => `${refId}: ${column} is text and ${table} is not found by a date: name the buckets`);
}

/** Trap 10: what is not known stays in the query, which is then a 400 in the browser. */
function unknownVariables({ refId, target = '' }: PanelQuery, variables: readonly VariableJson[]): readonly string[] {
  const known = [...variables.map(({ name }) => name), '__timeFrom', '__timeTo', '__unixEpochFrom', '__unixEpochTo', '__from', '__to'];
  const asked = [...target.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
  return [...new Set(asked)].filter(name => !known.includes(name)).map(name => `${refId}: $${name} is no variable of this dashboard`);
}

/** Trap 11: what comes by file is read again as it is: nobody is asked for a data source, and an id of another Grafana means another dashboard. */
function notProvisioned(dashboard: DashboardJson): readonly string[] {
  const extra = dashboard as unknown as Readonly<Record<string, unknown>>;
  return [
    ...(/^[a-z0-9-]{1,40}$/.test(dashboard.uid ?? '') ? [] : [`uid must be 1 to 40 of a-z, 0-9 and -, was ${dashboard.uid}`]),
    ...['__inputs', '__requires', 'id']
      .filter(key => extra[key] !== undefined && extra[key] !== null)
      .map(key => `${key} belongs to an export: remove it`),
    ...(JSON.stringify(dashboard).includes('${DS_') ? ['a data source must be named by its uid, not by ${DS_…}'] : []),
  ];
}

function onCassandra({ datasource }: PanelQuery): boolean {
  return datasource?.type === cassandraType;
}

function told(trap: number, messages: readonly string[]): readonly Fault[] {
  return messages.map(message => ({ trap, message }));
}
