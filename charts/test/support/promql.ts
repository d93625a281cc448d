/** PromQL as Prometheus itself parses it: `charts/test/promql`, a program of twenty lines around its parser, run by Go. */
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
  const child = spawn('go', ['run', '.'], { cwd: program, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(expressions));
  return JSON.parse(await text(child.stdout)) as readonly string[];
}
