/** The file of alert rules: YAML or JSON with one list, `rules`. */
import { readFileSync, statSync } from 'node:fs';
import { reasonOf } from '@tapeline/core/errors';
import { type ParsedRules, parseAlertRules, type RuleChecks, shortened } from '@tapeline/core/parse-alert-rules';
import { parseDocument } from 'yaml';

const mostBytes = 1_048_576;

/** The rules of a file, or all that is wrong with it, a line each. A file that cannot be read is a fault, too. */
export function readRulesFile(path: string, checks: RuleChecks = {}): ParsedRules {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > mostBytes) return { faults: [`${path} must have ${mostBytes} bytes at most, has ${size}`] };
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { faults: [`${path} cannot be read (${reasonOf(error)}): correct its path or permissions`] };
  }
  return parseRulesText(text, checks);
}

/** The same for what such a file says. */
export function parseRulesText(text: string, checks: RuleChecks = {}): ParsedRules {
  let content: unknown;
  try {
    // Deep nesting is more than the library's stack takes.
    const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' });
    if (document.errors.length > 0)
      return { faults: document.errors.map(error => shortened(`it is not YAML: ${firstLine(error.message)}`)) };
    content = document.toJS();
  } catch (error) {
    return { faults: [`it is not YAML: ${reasonOf(error)}`] };
  }
  if (typeof content !== 'object' || content === null || !('rules' in content)) {
    return { faults: ['it must have a list of the name rules: begin it with "rules:"'] };
  }
  const others = Object.keys(content).filter(key => key !== 'rules');
  const faults = others.map(key => shortened(`it has no field ${key}: only rules may stand at the top`));
  // An empty list takes all rules away; so does "rules:" with nothing behind it.
  const parsed = parseAlertRules(content.rules ?? [], checks);
  return faults.length === 0 ? parsed : { faults: [...faults, ...(parsed.faults ?? [])] };
}

/** Changes with the file, also when another takes its place, as with a mounted ConfigMap; empty while it cannot be looked at. */
export function stampOfFile(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
