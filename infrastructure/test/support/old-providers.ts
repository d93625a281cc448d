/**
 * The same stack for the providers that can be had without a registry: kubernetes 1.13.4 and helm 1.3.2.
 *
 * Only names and versions change. Their types have no `_v1`, and helm 1.3.2 does not know `wait_for_jobs`. Releases from public
 * repositories are left out, for nothing can be downloaded here; CRDs stand in for them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, isMap, type Json, type JsonMap, withoutMetadata } from './json.ts';

const versions: Readonly<Record<string, string>> = { kubernetes: '1.13.4', helm: '1.3.2' };

/** Rewrites `cdk.tf.json` in a stack's folder. */
export function prepareForOldProviders({ directory }: { readonly directory: string }): void {
  const file = join(directory, 'cdk.tf.json');
  const stack = withoutMetadata(JSON.parse(readFileSync(file, 'utf8')) as Json);
  if (isMap(stack)) writeFileSync(file, JSON.stringify(forOldProviders(stack), undefined, 2));
}

function forOldProviders(stack: JsonMap): JsonMap {
  const resources = Object.entries(at(stack, 'resource'))
    .map(([type, named]) => [type, type === 'helm_release' ? ourReleases(at(named)) : at(named)] as const)
    .filter(([, named]) => Object.keys(named).length > 0);
  const renamed = JSON.stringify({ ...stack, resource: Object.fromEntries(resources) }).replaceAll(/\b(kubernetes_\w+?)_v1\b/g, '$1');
  const rewritten = JSON.parse(renamed) as JsonMap;
  const providers = Object.keys(at(stack, 'terraform', 'required_providers')).map(name => [
    name,
    { source: `hashicorp/${name}`, version: versions[name] ?? '' },
  ]);
  return { ...rewritten, terraform: { ...at(rewritten, 'terraform'), required_providers: Object.fromEntries(providers) } };
}

function ourReleases(releases: JsonMap): JsonMap {
  const ours = Object.entries(releases).filter(([, release]) => at(release).repository === undefined);
  return Object.fromEntries(
    ours.map(([name, release]) => {
      const { wait_for_jobs: _waits, ...known } = at(release);
      return [name, known];
    }),
  );
}

/** A configuration of Terraform that takes providers from the mirror only. */
export function writeTerraformConfiguration(directory: string, mirror: string): string {
  const file = join(directory, 'terraform.rc');
  const lines = [
    'disable_checkpoint = true',
    'provider_installation {',
    '  filesystem_mirror {',
    `    path    = ${JSON.stringify(mirror)}`,
    '    include = ["registry.terraform.io/hashicorp/*"]',
    '  }',
    '}',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
