/** Keeps what was measured as lines of JSON, one file for each figure, so that a long run can be interrupted and go on. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** One measurement. */
export interface BenchResult {
  readonly figure: string;
  readonly subject: string;
  /** The same again, from 1 on. */
  readonly round: number;
  readonly parameters: Parameters;
  readonly values: Readonly<Record<string, number>>;
  /** What to type to have it measured again. */
  readonly command: string;
  readonly commit: string;
  readonly at: string;
  readonly machine: string;
}

export type NewResult = Omit<BenchResult, 'commit' | 'at' | 'machine'>;

export class Results {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get folder(): string {
    return this.#folder;
  }

  add(result: NewResult): BenchResult {
    const whole = { ...result, commit: commit(), at: new Date().toISOString(), machine: machine() };
    mkdirSync(this.#folder, { recursive: true });
    appendFileSync(join(this.#folder, `${result.figure}.jsonl`), `${JSON.stringify(whole)}\n`);
    return whole;
  }

  /** All of them, a line that was cut off left out. */
  all(): readonly BenchResult[] {
    if (!existsSync(this.#folder)) return [];
    const files = readdirSync(this.#folder).filter(name => name.endsWith('.jsonl'));
    return files.sort().flatMap(name => linesOf(readFileSync(join(this.#folder, name), 'utf8')));
  }

  /** Whether this was measured already: the same subject, round and parameters. */
  has(wanted: Pick<BenchResult, 'figure' | 'subject' | 'round' | 'parameters'>): boolean {
    const name = nameOf(wanted);
    return this.all().some(result => nameOf(result) === name);
  }
}

function linesOf(text: string): readonly BenchResult[] {
  // The last piece is no line until its end is written.
  const lines = text.split('\n').slice(0, -1);
  return lines.map(line => JSON.parse(line) as BenchResult);
}

function nameOf({ figure, subject, round, parameters }: Pick<BenchResult, 'figure' | 'subject' | 'round' | 'parameters'>): string {
  const sorted = Object.entries(parameters).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify([figure, subject, round, sorted]);
}

/** The machine in words, for the table. */
export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux, Node ${process.versions.node}`;
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
