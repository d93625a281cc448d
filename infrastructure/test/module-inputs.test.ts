import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { modules } from '../src/versions.ts';
import { at, type JsonMap, textsIn } from './support/json.ts';
import { type CtyType, typeFaults } from './support/provider-schema.ts';
import { synthesised } from './support/synthesised.ts';

interface ModuleFacts {
  readonly source: string;
  readonly version: string;
  readonly variables: Readonly<Record<string, { readonly type: CtyType; readonly required: boolean }>>;
  readonly outputs: readonly string[];
}

const folder = fileURLToPath(new URL('fixtures/modules/', import.meta.url));
const facts = readdirSync(folder)
  .filter(file => file.endsWith('.json'))
  .map(file => JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as ModuleFacts);
const stacks = [...synthesised()].filter(([name]) => name.endsWith('-cluster'));

describe('the inputs of the cloud modules', () => {
  it('are checked against facts of the very versions that are pinned', () => {
    const known = new Map(facts.map(({ source, version }) => [source, version]));
    expect(Object.values(modules).map(({ source, version }) => [source, version, known.get(source)])).toEqual(
      Object.values(modules).map(({ source, version }) => [source, version, version]),
    );
  });

  it.each(stacks)('have the names and types of their modules in %s', (_name, stack) => {
    const calls = Object.entries(at(stack, 'module'));
    expect(calls.length).toBe(4);
    expect(calls.flatMap(([name, call]) => moduleFaults(name, at(call)))).toEqual([]);
  });

  it.each(stacks)('use only outputs that the modules have in %s', (_name, stack) => {
    const used = textsIn(stack).flatMap(text =>
      [...text.matchAll(/module\.([\w-]+)\.(\w+)/g)].map(([, module = '', output = '']) => ({ module, output })),
    );
    const wrong = used.filter(({ module, output }) => !factsOf(at(stack, 'module', module)).outputs.includes(output));
    expect(used.length).toBeGreaterThan(3);
    expect(wrong).toEqual([]);
  });

  const eks = at(stacks.find(([name]) => name === 'eks-cluster')?.[1], 'module');
  const [name, cluster] = Object.entries(eks).find(([, call]) => at(call).source === modules.eks.source) ?? ['', {}];
  it.each([
    ['a misspelt input', { endpoint_public_acess: true }, /endpoint_public_acess: unknown/],
    ['a text for a list', { endpoint_public_access_cidrs: '0.0.0.0/0' }, /endpoint_public_access_cidrs: list expected/],
    ['a text for a flag', { deletion_protection: 'yes' }, /deletion_protection: bool expected, was "yes"/],
    ['a misspelt field inside', { eks_managed_node_groups: { pipeline: { instance_type: ['m6i.large'] } } }, /instance_type: unknown/],
    ['a missing field inside', { addons: { csi: { pod_identity_association: [{ role_arn: 'x' }] } } }, /service_account: required/],
  ])('refuse %s', (_what, mutant, fault) => {
    expect(moduleFaults(name, { ...at(cluster), ...mutant }).join('\n')).toMatch(fault);
  });

  it('refuse a call without what must be given', () => {
    expect(moduleFaults('gke', { ...modules.gke, project_id: 'tapeline' })).toEqual([
      'module.gke.name: required',
      'module.gke.network: required',
      'module.gke.subnetwork: required',
      'module.gke.ip_range_pods: required',
    ]);
  });
});

function moduleFaults(name: string, call: JsonMap): readonly string[] {
  const { variables } = factsOf(call);
  const { source: _source, version: _version, depends_on: _after, providers: _providers, ...inputs } = call;
  const order = ['project_id', 'name', 'network', 'subnetwork', 'ip_range_pods'];
  const missing = Object.entries(variables)
    .filter(([input, { required }]) => required && inputs[input] === undefined)
    .map(([input]) => input)
    .toSorted((one, other) => order.indexOf(one) - order.indexOf(other));
  const inside = Object.entries(inputs).flatMap(([input, value]) => {
    const variable = variables[input];
    return variable === undefined ? [`module.${name}.${input}: unknown`] : typeFaults(value, variable.type, `module.${name}.${input}`);
  });
  return [...missing.map(input => `module.${name}.${input}: required`), ...inside];
}

function factsOf({ source, version }: JsonMap): ModuleFacts {
  const found = facts.find(module => module.source === source && module.version === version);
  if (found === undefined) throw new Error(`no facts of ${String(source)} ${String(version)} in fixtures/modules`);
  return found;
}
