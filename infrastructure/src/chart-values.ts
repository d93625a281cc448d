/** This file says what may be given to a chart as values, and how a change is laid over them. */
import { PipelineError } from '@tapeline/core/errors';

export type Value = string | number | boolean | readonly Value[] | Values;

export interface Values {
  readonly [name: string]: Value;
}

/** `over` wins; maps are joined, lists and texts replaced. */
export function overlay(under: Values, over: Values): Values {
  const joined = Object.entries(over).map(([name, value]) => {
    const below = under[name];
    return [name, isMap(below) && isMap(value) ? overlay(below, value) : value] as const;
  });
  return { ...under, ...Object.fromEntries(joined) };
}

/**
 * As Helm and Terraform read them: JSON is YAML whose texts are quoted, so a commit such as `12e4567` stays a text.
 *
 * @throws PipelineError `configuration.invalid` for a text that Terraform would take for a template of its own
 */
export function renderValues(values: Values): string {
  const text = JSON.stringify(values, undefined, 2);
  const template = /[$%]\{(?!TfToken\[)[^}]*\}?/.exec(text)?.[0];
  if (template === undefined) return text;
  const message = `chart values must not hold Terraform templates, found ${template}; write a token of the construct instead`;
  throw new PipelineError('configuration.invalid', message, { retriable: false });
}

function isMap(value: Value | undefined): value is Values {
  return typeof value === 'object' && !Array.isArray(value);
}
