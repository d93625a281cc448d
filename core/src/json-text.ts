/** JSON of what others sent: `JSON.parse` reads what is nested more deeply than `JSON.stringify`, or a schema that looks at it, can stand. */

const tooDeep = 'something that is nested too deeply to be written';
/** Whether the stack would do for more depends on who asks, and the same message must give the same record. */
const deepest = 500;

/** Nothing of ours, and no vendor's message, is nested so deeply by far. */
const deepestRead = 100;

/** @throws SyntaxError for what is not JSON, or nested in more than a hundred levels */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!isShallow(value, deepestRead)) throw new SyntaxError(`it is nested in more than ${deepestRead} levels`);
  return value;
}

/** The value as JSON; a sentence in its place where that cannot be. */
export function jsonText(value: unknown): string {
  return isShallow(value, deepest) ? (JSON.stringify(value) ?? 'absent') : tooDeep;
}

/** The begin of the value as JSON, for people; `absent` for none. */
export function shownValue(value: unknown, most = 100): string {
  return jsonText(value).slice(0, most);
}

/** True when no list or object stands in more than `most` others. */
export function isShallow(value: unknown, most: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return false;
    level = level.flatMap(each => (typeof each === 'object' && each !== null ? Object.values(each).filter(isNested) : []));
  }
  return true;
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
