/** Writes docs/fuzzing.md of what was fuzzed, and of what was found and mended. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsers } from './parsers.ts';
import { regressions } from './regressions.ts';
import type { Totals } from './totals.ts';

const target = fileURLToPath(new URL('../../docs/fuzzing.md', import.meta.url));
/** What each parser is to get, in all. */
const goal = 1_000_000;

/** @returns false, with nothing written, when nothing was fuzzed */
export function writeReport(totals: Totals, say: (line: string) => void): boolean {
  if (totals.parts().length === 0) {
    say('nothing was fuzzed yet, so there is nothing to report: run npm run fuzz first');
    return false;
  }
  writeFileSync(target, reportOf(totals));
  say(`wrote ${target}`);
  return true;
}

function reportOf(totals: Totals): string {
  const rows = parsers.map(({ name, reads, heldTo }) => ({ name, reads, heldTo, ...totals.of(name) }));
  const below = rows.filter(({ inputs }) => inputs < goal);
  const kept = regressions();
  return `# Fuzzing

Every parser is given inputs that nobody would send: right ones with faults in them (bits flipped, parts cut, doubled or spliced, numbers at
their extremes, deep nesting, long texts, broken UTF-8, wrong types, keys twice, in another order or \`__proto__\`, lengths and counts that are
huge or negative), and some that are purely random. For each input it holds that

- nothing is thrown but the parser's own refusal,
- it takes at most a second of CPU, and holds at most 64 MiB and a thousand times its own size,
- no prototype that everybody shares changes, and no object gets a prototype from the input,
- and what the table says of the parser.

\`npm run fuzz -- report\` writes this page of the runs that are counted in \`fuzz/totals\`, on whatever machines they ran.

\`\`\`
npm run fuzz -- --list                                  # parsers, and inputs so far
npm run fuzz -- --inputs 1000000 --resume --minutes 60  # go on to a million for each parser
npm run fuzz -- --parser feed-records --seed 7 --index 4711
\`\`\`

The last command shows one input again. A short run is a part of the unit tests: the same inputs each time, and those of a new seed, which is
printed. An input that shows a fault is made small and kept in \`fuzz/regressions\`; a unit test gives all of them to their parsers again.

## Inputs

${verdict(below.length, rows.length)}

| parser | reads | held to | inputs | seconds | seeds |
| --- | --- | --- | ---: | ---: | --- |
${rows.map(({ name, reads, heldTo, inputs, seconds, seeds }) => `| \`${name}\` | ${reads} | ${heldTo} | ${grouped(inputs)} | ${grouped(Math.round(seconds))} | ${seeds.join(', ')} |`).join('\n')}
| all | | | ${grouped(sumOf(rows.map(({ inputs }) => inputs)))} | ${grouped(Math.round(sumOf(rows.map(({ seconds }) => seconds))))} | |

Seconds are those of a clock, on machines that did other things besides. Counted are runs with the inputs that this code makes: when mutations,
examples or a check change, the totals of what they touch are begun anew, so earlier runs (most findings are of those) are not in them.

## Findings

| parser | found | mended |
| --- | --- | --- |
${kept.map(({ parser, found, mended }) => `| \`${parser}\` | ${cell(found)} | ${cell(mended ?? 'not yet')} |`).join('\n')}

## Limits

- A forged hot snapshot whose checksum is right is held to its bytes, not to what a fold could have come to: prices and times in it may be any. Stores
  refuse a state whose SHA-256 is not the one beside it, so damage does not get there.
- Some checks ask for less than one could: what an accepted plain snapshot does afterwards is not looked at, symbols may have control characters, and batches or responses with offsets that are no safe integers are not compared.
- A SQLite file that is damaged is SQLite's to refuse; the embedded log's file is not fuzzed.
- Sockets and HTTP are fuzzed in \`visualization/test\`, with fewer inputs; here their parsers are called.
- A parser that takes all memory at one stroke ends the command; the last line names the parser.
`;
}

function verdict(below: number, all: number): string {
  if (below === 0) return `Each of the ${all} parsers has had ${grouped(goal)} inputs or more.`;
  return `The goal is ${grouped(goal)} inputs for each parser; ${all - below} of ${all} have had them, and ${below} have not yet.`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
