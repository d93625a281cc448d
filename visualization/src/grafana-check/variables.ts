/** The values that a dashboard's variables have when it is opened. */
import { type DashboardJson, queryOf, type VariableJson } from './dashboard-json.ts';
import { interpolated, matched, type TimeRange, type VariableValues } from './interpolation.ts';

/** Values of a variable's query, as the plug-in gives them. */
export type AskVariable = (variable: VariableJson, query: string) => Promise<readonly string[]>;

/**
 * In the order of the dashboard; `chosen` takes the place of what would be there at first.
 *
 * A list of which some or all can be chosen has all; another one its current value, or the first.
 */
export async function variableValues(
  { templating }: Pick<DashboardJson, 'templating'>,
  range: TimeRange,
  ask: AskVariable,
  chosen: VariableValues = {},
): Promise<VariableValues> {
  const values: Record<string, string | readonly string[]> = {};
  for (const variable of templating.list ?? []) {
    const options = await optionsOf(variable, values, range, ask);
    values[variable.name] = chosen[variable.name] ?? firstOf(variable, options);
  }
  return values;
}

async function optionsOf(variable: VariableJson, values: VariableValues, range: TimeRange, ask: AskVariable): Promise<readonly string[]> {
  if (variable.type === 'custom') return queryOf(variable).split(',');
  if (variable.type !== 'query') throw new Error(`variable ${variable.name} must be of type query or custom, was ${variable.type}`);
  return matched(await ask(variable, interpolated(queryOf(variable), values, range)), variable);
}

function firstOf({ multi, includeAll, current }: VariableJson, options: readonly string[]): string | readonly string[] {
  if (multi && includeAll) return [...options].sort();
  const value = typeof current?.value === 'string' ? current.value : undefined;
  return value !== undefined && options.includes(value) ? value : (options[0] ?? '');
}
