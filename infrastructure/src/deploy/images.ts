/** This file builds the images of a commit with Docker. */
import { type ProcessVariables, runProgram } from './program.ts';

export interface ImageToBuild {
  /** Without tag, as the charts name it. */
  readonly repository: string;
  /** Of the Dockerfile; absent where it makes one image only. */
  readonly target?: string;
  readonly dockerfile: string;
}

/** Every image that this repository makes. */
export const ourImages: readonly ImageToBuild[] = [
  ...['ingester', 'backfiller', 'stream-processor', 'live-board', 'notifier', 'migrations', 'simulator'].map(target => ({
    repository: `tapeline/${target}`,
    target,
    dockerfile: 'Dockerfile',
  })),
  { repository: 'tapeline/grafana', dockerfile: 'charts/grafana/Dockerfile' },
];

export interface BuildOptions {
  /** Folder of the repository. */
  readonly repository: string;
  readonly tag: string;
  readonly environment: ProcessVariables;
  readonly show?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Builds all of them and gives their names with the tag. */
export async function buildImages({ repository, tag, environment, show, signal }: BuildOptions): Promise<readonly string[]> {
  const names: string[] = [];
  for (const image of ourImages) {
    const name = `${image.repository}:${tag}`;
    const target = image.target === undefined ? [] : ['--target', image.target];
    const args = ['build', '--tag', name, ...target, '--file', image.dockerfile, '.'];
    await runProgram('docker', args, { directory: repository, environment, show, signal });
    names.push(name);
  }
  return names;
}
