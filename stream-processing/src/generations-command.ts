/** `generations`, of the command line and of the stream processor's program: which tables there are, which serve, and the two things that can be done to them. */
import { userInfo } from 'node:os';
import type { Configuration } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { hasTables, openConfiguredGenerations } from '@tapeline/database/configured-store';
import type { Generation } from '@tapeline/database/generations';
import type { Logger } from 'pino';

export interface GenerationsCommandOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly switch?: number;
  readonly drop?: number;
}

/**
 * @returns the exit status.
 * @throws PipelineError `data-dir.unusable` when there is no store.
 */
export async function generationsCommand(options: GenerationsCommandOptions): Promise<number> {
  const { DATA_DIR: folder } = options.configuration;
  if (!hasTables(options.configuration)) {
    const message = `data directory ${folder} holds no store, expected the file market.sqlite: check DATA_DIR`;
    throw new PipelineError('data-dir.unusable', message, { retriable: false });
  }
  const generations = openConfiguredGenerations(options.configuration, options.logger);
  try {
    if (options.switch !== undefined) await generations.switchTo(options.switch, operator());
    if (options.drop !== undefined) await generations.drop(options.drop, operator());
    const lines = (await generations.list()).map(lineOf);
    process.stdout.write(`generation  state     fold  since                     by\n${lines.join('')}`);
    return 0;
  } finally {
    await generations.close();
  }
}

/** Who changes something here, for the notes. */
export function operator(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

function lineOf({ generation, state, foldVersion, sinceMs, by }: Generation): string {
  const since = sinceMs === 0 ? '' : new Date(sinceMs).toISOString();
  return `${`${generation}`.padEnd(12)}${state.padEnd(10)}${`${foldVersion}`.padEnd(6)}${since.padEnd(26)}${by}\n`;
}
