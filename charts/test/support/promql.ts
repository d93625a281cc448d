/** PromQL as Prometheus itself understands it: `charts/test/promql`, small programs around its parser and its engine, run by Go. */
import { execFileSync, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tapeline/core/errors';

const program = fileURLToPath(new URL('../promql/', import.meta.url));

/** What keeps expressions from being parsed on this machine. */
export function missingGo(): PipelineError | undefined {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    const message = 'go is not installed, so PromQL cannot be parsed by Prometheus’s own parser: install Go 1.24 or newer';
    return new PipelineError('services.unavailable', message, { retriable: false });
  }
}

/** What is wrong with each expression, empty where nothing is. The first time it is built, with modules of the Go proxy: a minute. */
export async function faultsOfPromql(expressions: readonly string[]): Promise<readonly string[]> {
  return (await asked('.', expressions)) as readonly string[];
}

export interface Question {
  readonly expression: string;
  /** What each series is worth now, as `{ 'up{job="a"}': 1 }`; others are not there. */
  readonly series: Readonly<Record<string, number>>;
}

/** For each question the labels of all that comes out: for each an alert with that expression would be given. */
export async function resultsOfPromql(questions: readonly Question[]): Promise<readonly (readonly Readonly<Record<string, string>>[])[]> {
  return (await asked('./evaluate', questions)) as readonly (readonly Readonly<Record<string, string>>[])[];
}

/** Both are JSON. */
async function asked(folder: string, input: unknown): Promise<unknown> {
  const child = spawn('go', ['run', folder], { cwd: program, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(input));
  return JSON.parse(await text(child.stdout));
}
