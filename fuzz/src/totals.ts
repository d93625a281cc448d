/** What was fuzzed so far, a file for each parser, a line of JSON for each run of numbers: runs add up, and an input that was looked at twice counts once. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const partSchema = z.object({
  parser: z.string(),
  seed: z.int(),
  from: z.int().min(0),
  /** Exclusive. */
  to: z.int().min(0),
  faults: z.int().min(0),
  seconds: z.number().min(0),
  /** When it ended, ISO 8601. */
  at: z.string(),
});

const ending = '.jsonl';

export type RunPart = Readonly<z.infer<typeof partSchema>>;

export interface ParserTotals {
  readonly inputs: number;
  readonly faults: number;
  readonly seconds: number;
  readonly seeds: readonly number[];
}

export class Totals {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A part that goes on where one of its seed ended becomes one with it. One process at a time may count a parser. */
  add(part: RunPart): void {
    const parts = this.#partsOf(part.parser);
    const before = parts.findLast(({ seed, to }) => seed === part.seed && to === part.from);
    const whole = before === undefined ? part : joined(before, part);
    this.#write(part.parser, [...parts.filter(other => other !== before), whole]);
  }

  /** All parts. */
  parts(): readonly RunPart[] {
    if (!existsSync(this.#folder)) return [];
    const names = readdirSync(this.#folder).filter(name => name.endsWith(ending));
    return names.flatMap(name => this.#partsOf(name.slice(0, -ending.length)));
  }

  of(parser: string): ParserTotals {
    const parts = this.#partsOf(parser);
    const seeds = [...new Set(parts.map(({ seed }) => seed))];
    return {
      inputs: seeds.reduce((sum, seed) => sum + covered(parts.filter(part => part.seed === seed)), 0),
      faults: parts.reduce((sum, { faults }) => sum + faults, 0),
      seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
      seeds,
    };
  }

  /** Where a seed goes on. */
  nextIndex(parser: string, seed: number): number {
    return Math.max(0, ...this.#partsOf(parser).flatMap(part => (part.seed === seed ? [part.to] : [])));
  }

  /** The seed that was used last. */
  lastSeed(): number | undefined {
    return this.parts()
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .at(-1)?.seed;
  }

  #partsOf(parser: string): readonly RunPart[] {
    const path = join(this.#folder, `${parser}${ending}`);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter(line => line !== '').map(line => partSchema.parse(JSON.parse(line)));
  }

  /** As a whole or not at all: a kill leaves what was there. */
  #write(parser: string, parts: readonly RunPart[]): void {
    const path = join(this.#folder, `${parser}${ending}`);
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(`${path}.new`, parts.map(part => `${JSON.stringify(part)}\n`).join(''));
    renameSync(`${path}.new`, path);
  }
}

function joined(before: RunPart, after: RunPart): RunPart {
  const seconds = Math.round((before.seconds + after.seconds) * 10) / 10;
  return { ...after, from: before.from, faults: before.faults + after.faults, seconds };
}

/** How many numbers lie in at least one of the ranges. */
function covered(parts: readonly RunPart[]): number {
  let [sum, end] = [0, 0];
  for (const { from, to } of parts.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return sum;
}
