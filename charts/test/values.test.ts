import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { settings } from '../../core/src/settings.ts';
import { charts, chartsDirectory } from './support/chart-folders.ts';

/** Charts that render `settings` to the environment of our own processes. */
const ofOurProcesses = ['ingester', 'stream-processor', 'backfiller', 'daily-jobs', 'live-board', 'notifier', 'migrations', 'simulator'];

function yamlOf(...path: readonly string[]): Record<string, unknown> {
  return (parse(readFileSync(join(...path), 'utf8')) ?? {}) as Record<string, unknown>;
}

describe('the charts', () => {
  it('are those that a cluster is made of', () => {
    expect(charts().map(({ name }) => name)).toEqual(expect.arrayContaining([...ofOurProcesses, 'kafdrop']));
  });

  it('are each told about in the README', () => {
    const readme = readFileSync(join(chartsDirectory, 'README.md'), 'utf8');
    expect(charts().filter(({ name }) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

describe.each(charts().map(chart => [chart.name, chart] as const))('the values of %s', (name, { directory, ciValues }) => {
  const defaults = yamlOf(directory, 'values.yaml');
  const schema = JSON.parse(readFileSync(join(directory, 'values.schema.json'), 'utf8')) as { properties: Record<string, unknown> };
  const validate = new Ajv({ strict: false }).compile(schema);

  it('are flat and camelCase, each in a paragraph that begins with a comment', () => {
    const paragraphs = readFileSync(join(directory, 'values.yaml'), 'utf8').split(/\n\n+/);
    const keysOf = (text: string) => text.split('\n').flatMap(line => /^([A-Za-z_-]+):/.exec(line)?.[1] ?? []);
    expect(paragraphs.flatMap(keysOf)).toEqual(Object.keys(defaults));
    expect(Object.keys(defaults).filter(key => !/^[a-z][A-Za-z0-9]*$/.test(key))).toEqual([]);
    expect(paragraphs.filter(text => !text.startsWith('# ')).flatMap(keysOf)).toEqual([]);
  });

  it('are exactly those of the schema, which accepts them and each ci file', () => {
    expect(
      Object.keys(schema.properties)
        .filter(key => key !== 'global')
        .sort(),
    ).toEqual(Object.keys(defaults).sort());
    expect(ciValues.length).toBeGreaterThan(0);
    for (const file of ciValues) expect([file, validate({ ...defaults, ...yamlOf(file) }), validate.errors]).toEqual([file, true, null]);
  });

  it('are refused when one is misspelt', () => {
    for (const key of Object.keys(defaults))
      expect([key, validate({ ...defaults, [`${key}x`]: defaults[key] })]).toEqual([`${key}`, false]);
  });

  it('have one resource in each template', () => {
    const templates = readdirSync(join(directory, 'templates'), { recursive: true, encoding: 'utf8' }).filter(file =>
      file.endsWith('.yaml'),
    );
    const several = templates.filter(file => (readFileSync(join(directory, 'templates', file), 'utf8').match(/^kind:/gm) ?? []).length > 1);
    expect([name, several]).toEqual([name, []]);
  });
});

/** Measured in a control group, of what cannot be given back; with less the kernel ends what is in it. */
describe('the memory that a pod may take', () => {
  it.each([
    // 12,000 symbols, into Cassandra.
    ['stream-processor', 'a rebuild that is started in it', 310 + 345],
    // 45,000 prices a second while Kafka is away for 90 s: 452 with three shards and no Lease, 279 with one and its Lease.
    ['ingester', 'what four feeds hold while Kafka is away', 120 + 4 * 150],
  ])('of %s has room for %s', (name, _what, neededMebibytes) => {
    const { limits } = yamlOf(chartsDirectory, name, 'values.yaml').resources as { readonly limits: { readonly memory: string } };
    const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(limits.memory) ?? [];
    expect(Number(amount) * (unit === 'Gi' ? 1_024 : 1)).toBeGreaterThan(neededMebibytes);
  });
});

describe.each(ofOurProcesses)('the settings of %s', name => {
  const schema = JSON.parse(readFileSync(join(chartsDirectory, name, 'values.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ strict: false }).compile(schema);

  it('may be any that is no secret', () => {
    const plain = Object.entries(settings).filter(([, setting]) => !('secret' in setting));
    expect(plain.filter(([setting]) => !validate({ settings: { [setting]: '1' } })).map(([setting]) => setting)).toEqual([]);
  });

  it('may not be a secret, nor the file of one', () => {
    const secret = Object.entries(settings).filter(([, setting]) => 'secret' in setting);
    const names = secret.flatMap(([setting]) => [setting, `${setting}_FILE`]);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter(setting => validate({ settings: { [setting]: 'x' } }))).toEqual([]);
  });
});
