/** The objects of a synthesised pipeline as Helm renders them: what a cloud would get, without a cloud. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Environment } from '../../src/environments.ts';
import { synthesise } from '../../src/synthesis.ts';
import { at, type JsonMap } from './json.ts';
import { readStacks } from './synthesised.ts';

const run = promisify(execFile);

export interface RenderedRelease {
  readonly name: string;
  readonly namespace: string;
  /** YAML documents. */
  readonly objects: string;
}

/** @throws where a chart's schema refuses the values of the environment */
export async function renderedReleases(environment: Environment, helm: string): Promise<readonly RenderedRelease[]> {
  const outdir = join(temporaryFolder('render'), 'cdktf.out');
  synthesise({ outdir, environments: [environment] });
  const stack = `${environment.name}-pipeline`;
  const releases = Object.values(at(readStacks(outdir).get(stack), 'resource', 'helm_release')).map(release => at(release));
  return await Promise.all(releases.map(release => rendered(release, join(outdir, 'stacks', stack), helm)));
}

async function rendered(release: JsonMap, directory: string, helm: string): Promise<RenderedRelease> {
  const [name, namespace, chart] = [String(release.name), String(release.namespace), String(release.chart)];
  const file = join(directory, `${name}-values.json`);
  writeFileSync(
    file,
    (release.values as readonly string[]).join('').replaceAll(`\${var.image_tag}`, 'test').replaceAll(`\${var.schema_run}`, ''),
  );
  const args = ['template', name, join(directory, chart), '--namespace', namespace, '--values', file, '--skip-tests'];
  const { stdout } = await run(helm, args, { maxBuffer: 64 << 20 });
  return { name, namespace, objects: stdout };
}
