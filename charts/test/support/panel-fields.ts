/** Which fields a panel has after its transformations, followed through by name; none of the names may come from nowhere. */
import type { PanelJson, Transformation } from '@tapeline/visualization/grafana-check/dashboard-json';

export interface Fields {
  readonly names: readonly string[];
  /** Names that a transformation asked for and that there were not. */
  readonly missing: readonly string[];
}

/** Of the fields of each query by its letter. @throws Error for a transformation that is not known here */
export function fieldsAfter(byQuery: ReadonlyMap<string, readonly string[]>, { transformations = [] }: PanelJson): Fields {
  let frames = byQuery;
  const missing: string[] = [];
  for (const transformation of transformations) {
    const next = new Map<string, readonly string[]>();
    const filter = transformation.filter?.options;
    for (const [refId, names] of frames) {
      if (filter !== undefined && filter !== refId) next.set(refId, names);
      else {
        missing.push(...askedBy(transformation).filter(name => !knows(names, name)));
        next.set(refId, applied(transformation, names));
      }
    }
    frames = ['merge', 'joinByField'].includes(transformation.id) ? joined(next) : next;
  }
  return { names: [...new Set([...frames.values()].flat())], missing };
}

const known = ['sortBy', 'limit', 'groupBy', 'calculateField', 'filterByValue', 'organize', 'merge', 'joinByField', 'groupingToMatrix'];

function askedBy({ id, options }: Transformation): readonly string[] {
  if (!known.includes(id)) throw new Error(`transformation must be one of ${known.join(', ')}, was ${id}`);
  if (id === 'sortBy') return (options.sort as { field: string }[]).map(({ field }) => field);
  if (id === 'groupBy') return Object.keys(options.fields as object);
  if (id === 'filterByValue') return (options.filters as { fieldName: string }[]).map(({ fieldName }) => fieldName);
  if (id === 'organize') return [...Object.keys(options.excludeByName as object), ...Object.keys(options.renameByName as object)];
  if (id === 'joinByField') return [options.byField as string];
  if (id === 'groupingToMatrix') return [options.columnField, options.rowField, options.valueField] as string[];
  if (id === 'calculateField') return operandsOf(options).flatMap(({ matcher }) => (matcher === undefined ? [] : [matcher.options]));
  return [];
}

function applied({ id, options }: Transformation, names: readonly string[]): readonly string[] {
  if (id === 'groupBy') return Object.entries(options.fields as Record<string, { aggregations: string[] }>).flatMap(groupedNames);
  if (id === 'calculateField') return [...names, options.alias as string];
  if (id === 'groupingToMatrix') return [];
  if (id !== 'organize') return names;
  const renamed = options.renameByName as Record<string, string>;
  const excluded = options.excludeByName as Record<string, boolean>;
  return names.filter(name => !excluded[name]).map(name => renamed[name] ?? name);
}

function groupedNames([field, { aggregations }]: [string, { aggregations: string[] }]): readonly string[] {
  return aggregations.length === 0 ? [field] : aggregations.map(aggregation => `${field} (${aggregation})`);
}

function operandsOf(options: Transformation['options']): readonly { readonly matcher?: { readonly options: string } }[] {
  const { left, right } = options.binary as { left: { matcher?: { options: string } }; right: { matcher?: { options: string } } };
  return [left, right];
}

function joined(byQuery: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  return new Map([['joined', [...new Set([...byQuery.values()].flat())]]]);
}

/** After a join a field has its frame's name behind its own. */
function knows(names: readonly string[], asked: string): boolean {
  return names.includes(asked) || names.includes(asked.replace(/ all$/, ''));
}
