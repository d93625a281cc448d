/** BENCHMARKS.md in its sections: what was measured here takes the place of what stood there, and what was not stays as it was. */

import type { BenchResult } from './results.ts';

const goals = '## Goals';
/** Of sections, and of their parts. */
const marks = ['##', '###'];

/**
 * A document with all sections and parts of both, in the order of the former one, each new one behind that which it follows when it is
 * fresh. Of what both have the fresh one counts; of the table of goals each row does.
 */
export function merged(former: string, fresh: string): string {
  return `${mergedBelow(former, fresh, marks)}\n`;
}

function mergedBelow(former: string, fresh: string, [mark, ...deeper]: readonly string[]): string {
  if (mark === undefined) return fresh.trim();
  const parts = partsOf(former, mark);
  let place = -1;
  for (const part of partsOf(fresh, mark)) {
    const found = parts.findIndex(other => headingOf(other, mark) === headingOf(part, mark));
    const before = parts[found];
    place = found === -1 ? place + 1 : found;
    if (before === undefined) parts.splice(place, 0, part);
    else parts[place] = headingOf(part, mark) === goals ? withRowsOf(before, part) : mergedBelow(before, part, deeper);
  }
  return parts.map(part => part.trim()).join('\n\n');
}

/** What stands before the first heading, then each heading with what is below it. */
function partsOf(document: string, mark: string): string[] {
  return document.split(new RegExp(`\\n(?=${mark} )`));
}

/** Empty for what stands before the first one. */
function headingOf(part: string, mark: string): string {
  return part.startsWith(`${mark} `) ? (part.split('\n')[0] ?? '') : '';
}

/** The rows of both, in the order of the fresh ones where they stand there; a row is known by its first cell. */
function withRowsOf(former: string, fresh: string): string {
  const cellOf = (line: string): string => line.split(' | ')[0] ?? '';
  const lines = former.trim().split('\n');
  let place = lines.findIndex(line => line.startsWith('| ---'));
  for (const row of fresh
    .trim()
    .split('\n')
    .filter(line => line.startsWith('| '))
    .slice(2)) {
    const found = lines.findIndex(line => cellOf(line) === cellOf(row));
    place = found === -1 ? place + 1 : found;
    lines.splice(place, found === -1 ? 0 : 1, row);
  }
  return lines.join('\n');
}

/** What to type to have it measured again, each command once, without the subject; then the days, the commits and the machines. */
export function commandsOf(results: readonly BenchResult[]): string {
  const each = (values: readonly string[]): readonly string[] => [...new Set(values)];
  const commands = each(results.map(({ command }) => `\`${command.replace(/ --subjects \S+/, '')}\``));
  const days = each(results.map(({ at }) => at.slice(0, 10))).toSorted();
  const commits = each(results.map(({ commit }) => commit));
  const machines = each(results.map(({ machine }) => machine));
  return `${commands.join('\n')}\n\nMeasured ${days.join(', ')} at ${commits.join(', ')} on ${machines.join('; ')}.`;
}
