/**
 * Inputs that showed a fault once, a file each in `regressions/<parser>/`: `<name>.input` is the input, `<name>.json` beside it says what it
 * showed and what was mended.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const noteSchema = z.object({
  found: z.string(),
  /** Absent until somebody mended it. */
  mended: z.string().optional(),
  seed: z.int().optional(),
  index: z.int().optional(),
});

export interface Regression extends Readonly<z.infer<typeof noteSchema>> {
  readonly parser: string;
  readonly name: string;
  readonly input: Buffer;
}

const regressionFolder = fileURLToPath(new URL('../regressions/', import.meta.url));

/** All of them, by parser and name. */
export function regressions(folder = regressionFolder): readonly Regression[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .flatMap(parser =>
      readdirSync(join(folder, parser))
        .filter(file => file.endsWith('.input'))
        .toSorted()
        .map(file => {
          const name = file.slice(0, -'.input'.length);
          const note = noteSchema.parse(JSON.parse(readFileSync(join(folder, parser, `${name}.json`), 'utf8')));
          return { parser, name, input: readFileSync(join(folder, parser, file)), ...note };
        }),
    );
}

/** True when an input with the same fault is kept already. */
export function isKept(parser: string, mark: string, folder = regressionFolder): boolean {
  return existsSync(join(folder, parser, `${nameOf(mark)}.input`));
}

/** Keeps an input, unless one with the same fault is kept already. @returns its name, or `undefined`. */
export function keepRegression(
  { parser, input, found, seed, index }: Pick<Regression, 'parser' | 'input' | 'found'> & { readonly seed: number; readonly index: number },
  mark: string,
  folder = regressionFolder,
): string | undefined {
  const name = nameOf(mark);
  const path = join(folder, parser, name);
  if (existsSync(`${path}.input`)) return undefined;
  mkdirSync(join(folder, parser), { recursive: true });
  writeFileSync(`${path}.input`, input);
  writeFileSync(`${path}.json`, `${JSON.stringify({ found, seed, index }, undefined, 2)}\n`);
  return name;
}

function nameOf(mark: string): string {
  const words = mark.toLowerCase().match(/[a-z]{2,}/g) ?? ['fault'];
  return `${words.slice(0, 6).join('-')}-${createHash('sha256').update(mark).digest('hex').slice(0, 6)}`;
}
