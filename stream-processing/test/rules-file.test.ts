import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { alertConditions } from '@tapeline/core/alerts';
import { intervals } from '@tapeline/core/intervals';
import { parseRulesText, readRulesFile } from '../src/alerts/rules-file.ts';

it('takes the example that the documents show, which has every condition', () => {
  const { rules, faults } = readRulesFile(fileURLToPath(new URL('../../docs/alert-rules.yaml', import.meta.url)), { intervals });
  expect(faults).toBeUndefined();
  expect([...new Set(rules?.map(({ condition }) => condition))].sort()).toEqual([...alertConditions].sort());
});

it.each([
  ['a list without an end', 'rules: [', 'it is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ['nothing', '', 'it must have a list of the name rules: begin it with "rules:"'],
  ['a list alone', '- name: a', 'it must have a list of the name rules: begin it with "rules:"'],
  ['another field', 'rules: []\nrule: []', 'it has no field rule: only rules may stand at the top'],
  ['no list', 'rules: 3', 'rules must be a list: begin each rule with "- name: …"'],
  [
    'aliases without end',
    `a: &a [x]\nrules: [${Array.from({ length: 200 }, () => '*a').join()}]`,
    'it is not YAML: Excessive alias count indicates a resource exhaustion attack',
  ],
])('tells what is wrong with a file: %s', (_, text, fault) => {
  expect(parseRulesText(text).faults?.[0]).toContain(fault);
});

it('takes a file without rules, in YAML and JSON', () => {
  expect([parseRulesText('rules:\n').rules, parseRulesText('{"rules": []}').rules]).toEqual([[], []]);
});

it('says that a file cannot be read', () => {
  expect(readRulesFile('/nowhere/rules.yaml').faults).toEqual([
    expect.stringMatching(/^\/nowhere\/rules.yaml cannot be read (.*ENOENT.*): correct its path/),
  ]);
});
