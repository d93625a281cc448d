/** Names in the environment that are nearly one of a setting: it would be passed over without a word. */
import type { Logger } from 'pino';
import type { Environment } from './configuration.ts';
import { isStrict, knownNames } from './settings.ts';

/** In a shorter name one letter is too much. */
const shortestName = 5;

/** A sentence for each name that is one edit away from a setting that is not set. Names that are faults anyway are left out. */
export function misspeltSettings(environment: Environment): readonly string[] {
  const missing = [...knownNames].filter(name => environment[name] === undefined);
  return Object.keys(environment)
    .filter(name => name.length >= shortestName && !knownNames.has(name) && !isStrict(name))
    .sort()
    .flatMap(name => {
      const meant = missing.find(each => isOneEditApart(name, each));
      return meant === undefined ? [] : [`${name} is not a setting: did you mean ${meant}?`];
    });
}

export function warnOfMisspeltSettings(environment: Environment, logger: Logger): void {
  for (const warning of misspeltSettings(environment)) logger.warn(warning);
}

/** One letter more, less or another, or two neighbours swapped: what is left between the same beginning and the same end. */
function isOneEditApart(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [inA, inB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const isSwap = inA.length === 2 && inB.length === 2 && inA[0] === inB[1] && inA[1] === inB[0];
  return isSwap || (inA.length <= 1 && inB.length <= 1);
}
