/** The stacks as tests see them: synthesised into a folder of their own, CDKTF's metadata aside. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { type Alerts, type Environment, environments } from '../../src/environments.ts';
import { synthesise } from '../../src/synthesis.ts';
import { isMap, type Json, type JsonMap, withoutMetadata } from './json.ts';

/** Whom a test's alerts are sent to. */
export const alerts: Alerts = {
  mail: { to: 'desk@example.com', from: 'tapeline@example.com', smtpHost: 'mail.example.com' },
  rules: 'rules: []\n',
};

/** The table with a tag that does not change from commit to commit; on EKS alerts are sent. */
export const testEnvironments: readonly Environment[] = Object.values(environments).map(environment => ({
  ...environment,
  imageTag: 'test',
  ...(environment.name === 'eks' ? { alerts } : {}),
}));

/** `cdk.tf.json` of each stack by its name. */
export type Stacks = ReadonlyMap<string, JsonMap>;

export function synthesised(given: readonly Environment[] = testEnvironments): Stacks {
  const outdir = join(temporaryFolder('synth'), 'cdktf.out');
  synthesise({ outdir, environments: given });
  return readStacks(outdir);
}

export function readStacks(outdir: string): Stacks {
  const names = readdirSync(join(outdir, 'stacks')).toSorted();
  return new Map(names.map(name => [name, readStack(join(outdir, 'stacks', name, 'cdk.tf.json'))]));
}

function readStack(file: string): JsonMap {
  const stack = withoutMetadata(JSON.parse(readFileSync(file, 'utf8')) as Json);
  if (!isMap(stack)) throw new Error(`${file} is no JSON object`);
  return stack;
}
