import { expect, it } from '@jest/globals';
import { at, isMap, type Json, type JsonMap } from './support/json.ts';
import { readProviderSchemas } from './support/provider-schema.ts';
import { describeWithShared } from './support/shared-folder.ts';
import { synthesised } from './support/synthesised.ts';

const file = 'terraform/provider-schemas-kubernetes-2.38.0-helm-3.1.1.json';

describeWithShared(file, 'the stacks in the schemas of kubernetes 2.38.0 and helm 3.1.1', path => {
  const schemas = readProviderSchemas(path);
  const stacks = synthesised();
  const kubernetesStacks = [...stacks].filter(([name]) => !name.endsWith('-cluster'));

  it.each(kubernetesStacks)('have no fault in %s', (_name, stack) => {
    expect(schemas.faultsOf(stack)).toEqual([]);
  });

  it.each(kubernetesStacks)('name those very versions in %s', (_name, stack) => {
    expect(at(stack, 'terraform', 'required_providers')).toEqual({
      helm: { source: 'helm', version: '3.1.1' },
      kubernetes: { source: 'kubernetes', version: '2.38.0' },
    });
  });

  const platform = stacks.get('kind-platform') ?? {};
  const mutants: readonly (readonly [string, (stack: JsonMap) => JsonMap, RegExp])[] = [
    ['an unknown attribute', stack => changed(stack, ['resource', 'helm_release', '*', 'wait_for_job'], true), /wait_for_job: unknown/],
    [
      'an unknown nested attribute',
      stack => changed(stack, ['resource', 'kubernetes_namespace_v1', '*', 'metadata', 'lables'], {}),
      /metadata\.lables: unknown/,
    ],
    ['a missing required attribute', stack => changed(stack, ['resource', 'helm_release', '*', 'chart'], undefined), /chart: required/],
    [
      'a missing block',
      stack => changed(stack, ['resource', 'kubernetes_network_policy_v1', '*', 'spec'], undefined),
      /spec: 0 given, 1 to 1 expected/,
    ],
    [
      'a block too many',
      stack => changed(stack, ['resource', 'kubernetes_namespace_v1', '*', 'metadata'], [{}, {}]),
      /metadata: 2 given, 1 to 1 expected/,
    ],
    [
      'a text for a number',
      stack => changed(stack, ['resource', 'helm_release', '*', 'timeout'], 'soon'),
      /timeout: number expected, was "soon"/,
    ],
    [
      'a list for a map',
      stack => changed(stack, ['resource', 'kubernetes_namespace_v1', '*', 'metadata', 'labels'], ['a']),
      /labels: map expected/,
    ],
    [
      'what only the provider sets',
      stack => changed(stack, ['resource', 'helm_release', '*', 'status'], 'deployed'),
      /status: (only the provider sets it|unknown)/,
    ],
    [
      'an unknown type of resource',
      stack => changed(stack, ['resource', 'kubernetes_namespace_v9'], { a: {} }),
      /no provider has this type/,
    ],
    [
      'an unknown setting of a provider',
      stack => changed(stack, ['provider', 'helm', '*', 'kubernetes', 'config_pat'], '/tmp'),
      /config_pat: unknown/,
    ],
  ];

  it.each(mutants)('refuse %s', (_name, mutate, fault) => {
    expect(schemas.faultsOf(mutate(platform)).join('\n')).toMatch(fault);
  });
});

/** A copy with one thing set, or left out where `value` is undefined; `*` is the first of a list or map. */
function changed(stack: JsonMap, [name = '', ...names]: readonly string[], value: Json | undefined): JsonMap {
  const key = name === '*' ? (Object.keys(stack)[0] ?? '') : name;
  const inner = stack[key];
  if (names.length > 0) {
    const list = Array.isArray(inner) ? Object.fromEntries(inner.map((item, index) => [index, item])) : inner;
    const next = changed(isMap(list) ? list : {}, names, value);
    return { ...stack, [key]: Array.isArray(inner) ? Object.values(next) : next };
  }
  const rest = Object.fromEntries(Object.entries(stack).filter(([other]) => other !== key));
  return value === undefined ? rest : { ...rest, [key]: value };
}
