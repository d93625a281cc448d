/** This file runs other programs: docker, kind, terraform, kubectl. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PipelineError, reasonOf } from '@tapeline/core/errors';

export type ProcessVariables = Readonly<Record<string, string | undefined>>;

export interface ProgramOptions {
  readonly directory?: string | undefined;
  /** All of its environment: nothing is inherited. */
  readonly environment: ProcessVariables;
  /** Its standard input. */
  readonly input?: string;
  /** Gets what it prints, as it prints it. */
  readonly show?: ((text: string) => void) | undefined;
  /** What is kept of its standard output: `end` for a program that runs for days. @default 'all' */
  readonly keeps?: 'all' | 'end';
  /** Exit codes besides 0 that are an answer and no failure. */
  readonly answers?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  readonly code: number;
  /** Its standard output, or the end of it. */
  readonly text: string;
}

/** What is told of a program that fails. */
const TAIL = 4_000;

/**
 * Runs a program to its end.
 *
 * @throws PipelineError `services.unavailable` with the end of what it said
 */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { directory, environment, input, show, keeps = 'all', answers = [], signal } = options;
  const child = spawn(program, args, { cwd: directory, env: { ...environment }, stdio: ['pipe', 'pipe', 'pipe'], signal });
  const said: string[] = [];
  let end = '';
  const note = (text: string): void => {
    end = (end + text).slice(-TAIL);
    show?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (keeps === 'all') said.push(text);
    note(text);
  });
  child.stderr.setEncoding('utf8').on('data', note);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject).on('close', code => resolve(code ?? 1));
  const code = await promise.catch((error: unknown) => {
    throw failure(program, args, reasonOf(error));
  });
  if (code !== 0 && !answers.includes(code)) throw failure(program, args, end.trim() || `exit code ${code}`);
  return { code, text: keeps === 'all' ? said.join('') : end };
}

/** A program that a command needs, and how people get it. */
export interface NeededProgram {
  readonly name: string;
  readonly remedy: string;
}

export const neededPrograms = {
  docker: { name: 'docker', remedy: 'install Docker Engine (https://docs.docker.com/engine/install) and start it' },
  kind: { name: 'kind', remedy: 'install kind 0.30 or newer (https://kind.sigs.k8s.io/docs/user/quick-start/#installation)' },
  kubectl: { name: 'kubectl', remedy: 'install kubectl (https://kubernetes.io/docs/tasks/tools)' },
  terraform: { name: 'terraform', remedy: 'install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)' },
} as const satisfies Readonly<Record<string, NeededProgram>>;

/** Those that are not in PATH, one line each with the remedy; undefined when all are. */
export function missingPrograms(programs: readonly NeededProgram[], environment: ProcessVariables): PipelineError | undefined {
  const folders = (environment.PATH ?? '').split(delimiter).filter(folder => folder !== '');
  const missing = programs.filter(({ name }) => !folders.some(folder => isExecutable(join(folder, name))));
  if (missing.length === 0) return undefined;
  const lines = missing.map(({ name, remedy }) => `${name} was not found in PATH: ${remedy}`);
  return new PipelineError('services.unavailable', lines.join('\n'), { retriable: false });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function failure(program: string, args: readonly string[], reason: string): PipelineError {
  return new PipelineError('services.unavailable', `${program} ${args.join(' ')} failed: ${reason}`, { retriable: false });
}
