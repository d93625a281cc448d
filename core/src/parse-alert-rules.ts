/** Takes a list of alert rules, or refuses it with all its faults at once. Pure: the fold reads the rules of the log by it. */
import type { z } from 'zod';
import { faultsOfRule, faultsOfRules } from './alert-rule-faults.ts';
import { type AlertRule, alertRuleSchema } from './alert-rules.ts';
import type { Interval } from './intervals.ts';
import { isShallow } from './json-text.ts';
import { deepestRules } from './records.ts';

export interface RuleChecks {
  /** Of the fold: a rule of another interval can never fire. @default any */
  readonly intervals?: readonly Interval[];
}

export type ParsedRules =
  | { readonly rules: readonly AlertRule[]; readonly faults?: undefined }
  | { readonly rules?: undefined; readonly faults: readonly string[] };

const mostRules = 1_000;
/** A record with all of them must fit into the log. */
const mostBytes = 512_000;
const longestFault = 1_000;
const longestGiven = 60;
const conditions = alertRuleSchema.options.map(option => option.shape.condition.value);
/** Kinds of values, in plain words. */
const kinds: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'a text',
  object: 'a rule: begin it with "- name: …"',
};
const countedBy: Readonly<Record<string, string>> = { string: ' letters', array: ' of them' };

/** The rules of a whole list, or all that is wrong with it: a line each with the rule's name, its place and the remedy. */
export function parseAlertRules(list: unknown, checks: RuleChecks = {}): ParsedRules {
  if (!Array.isArray(list)) return { faults: ['rules must be a list: begin each rule with "- name: …"'] };
  if (list.length > mostRules) return { faults: [`rules must be ${mostRules} at most, were ${list.length}: name several symbols in one`] };
  const faults: string[] = [];
  const rules: AlertRule[] = [];
  for (const [index, entry] of list.entries()) {
    const place = placeOf(entry, index);
    if (!isShallow(entry, deepestRules)) {
      faults.push(`${place} must not be nested so deeply`);
      continue;
    }
    const result = alertRuleSchema.safeParse(entry);
    if (result.success) {
      rules.push(result.data);
      faults.push(...faultsOfRule(result.data, checks.intervals).map(fault => `${place}: ${fault}`));
    } else faults.push(...result.error.issues.map(issue => `${place}${faultOf(issue, entry)}`));
  }
  faults.push(...faultsOfRules(list));
  const bytes = new TextEncoder().encode(JSON.stringify(rules)).length;
  if (bytes > mostBytes) faults.push(`rules must take ${mostBytes} bytes at most as JSON, were ${bytes}: name fewer symbols, or "*"`);
  return faults.length > 0 ? { faults: faults.map(shortened) } : { rules };
}

/** A fault as long as somebody reads it: names that it repeats may be of any length. */
export function shortened(fault: string): string {
  return fault.length <= longestFault ? fault : `${fault.slice(0, longestFault)}…`;
}

function placeOf(entry: unknown, index: number): string {
  const name = typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : undefined;
  return typeof name === 'string' ? `rules[${index}] "${name.slice(0, 100)}"` : `rules[${index}]`;
}

function faultOf(issue: z.core.$ZodIssue, entry: unknown): string {
  if (issue.code === 'unrecognized_keys') return `: it has no field ${issue.keys.join(', ')}: correct the name, or take it out`;
  const path = issue.path.map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const given = issue.path.reduce<unknown>((value, part) => (Object(value) as Record<PropertyKey, unknown>)[part], entry);
  const expected = expectedBy(issue);
  if (expected === undefined) return `${path}: ${issue.message.startsWith('Too small') ? 'must not be empty' : issue.message}`;
  return given === undefined ? `${path}: is missing, must be ${expected}` : `${path}: must be ${expected}, was ${textOf(given)}`;
}

/** What a field must be; `undefined` where the fault says it itself. */
function expectedBy(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_union':
      return issue.path[0] === 'condition' ? `one of ${conditions.join(', ')}` : undefined;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? (kinds[issue.expected] ?? issue.expected) : undefined;
    case 'too_small':
      if (issue.origin !== 'number' && issue.origin !== 'int') return undefined;
      return issue.inclusive ? `${issue.minimum} or more` : `above ${issue.minimum}`;
    case 'too_big':
      return `${issue.maximum}${countedBy[issue.origin] ?? ''} at most`;
    default:
      return undefined;
  }
}

/** As short as somebody reads it. */
function textOf(given: unknown): string {
  const text = typeof given === 'string' ? `"${given}"` : JSON.stringify(given);
  return text.length <= longestGiven ? text : `${text.slice(0, longestGiven)}…`;
}
