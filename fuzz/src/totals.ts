/** What was fuzzed so far, a line of JSON for each part of a run: runs add up, and an input that was looked at twice counts once. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
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

  add(part: RunPart): void {
    mkdirSync(this.#folder, { recursive: true });
    appendFileSync(join(this.#folder, `${part.parser}.jsonl`), `${JSON.stringify(part)}\n`);
  }

  /** All parts; a line that a kill cut is passed over. */
  parts(): readonly RunPart[] {
    if (!existsSync(this.#folder)) return [];
    const files = readdirSync(this.#folder).filter(name => name.endsWith('.jsonl'));
    return files.flatMap(name => readFileSync(join(this.#folder, name), 'utf8').split('\n').flatMap(partIn));
  }

  of(parser: string): ParserTotals {
    const parts = this.parts().filter(part => part.parser === parser);
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
    return Math.max(0, ...this.parts().flatMap(part => (part.parser === parser && part.seed === seed ? [part.to] : [])));
  }

  /** The seed that was used last. */
  lastSeed(): number | undefined {
    return this.parts()
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .at(-1)?.seed;
  }
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

function partIn(line: string): readonly RunPart[] {
  try {
    return [partSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
