/** What documents name is there, so that they can be checked against the code. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { kafkaUsers } from '@tapeline/core/kafka-users';
import { settings } from '@tapeline/core/settings';
import { topics } from '@tapeline/core/topics';
import { alertColumns, barColumns, gapColumns, tickColumns } from '@tapeline/visualization/export/export-columns';
import { headOf } from '../standalone/src/bar-lines.ts';

const root = new URL('../', import.meta.url);
const scripts = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: Readonly<Record<string, string>> }).scripts;

describe.each(['docs/threat-model.md', 'docs/security.md', 'docs/server.md'])('%s', name => {
  const text = readFileSync(new URL(name, root), 'utf8');
  const code = [...text.matchAll(/`([^`\n]+)`/g)].map(match => match[1] as string);

  it('names files that are there', () => {
    const folders =
      /^(core|simulator|ingestion|log|stream-processing|database|visualization|standalone|services|infrastructure|charts|docs)\//;
    const files = code.filter(each => folders.test(each) && !each.includes(' '));
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(match => match[1] as string);
    expect(files.filter(each => !existsSync(new URL(each, root)))).toEqual([]);
    expect(links.filter(each => !existsSync(new URL(`docs/${each}`, root)))).toEqual([]);
    expect(files.length + links.length).toBeGreaterThan(1);
  });

  it('names settings and commands that are there', () => {
    const prefixes = /^(TWELVE_DATA|FINNHUB|KAFKA|CASSANDRA|EXPORT|SMTP|ALERT|HTTP)_[A-Z_]+$/;
    expect(code.filter(each => prefixes.test(each) && !(each in settings) && !(each.replace(/_FILE$/, '') in settings))).toEqual([]);
    const commands = code.map(each => /^npm run (?:--silent )?([\w:-]+)/.exec(each)?.[1]).filter(each => each !== undefined);
    expect(commands.filter(each => !(each in scripts))).toEqual([]);
  });
});

const stages = ['core', 'log', 'ingestion', 'stream-processing', 'database', 'standalone', 'services'];

describe.each(stages)('the README of %s', stage => {
  const folder = new URL(`${stage}/`, root);
  const text = readFileSync(new URL('README.md', folder), 'utf8');

  it('names files, links and commands that are there', () => {
    const files = [...text.matchAll(/`((?:src|test|engine)\/[^`\s]*)`/g)].map(match => match[1] as string);
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(match => match[1] as string);
    expect([...files, ...links].filter(each => !existsSync(new URL(each, folder)))).toEqual([]);
    expect(files.length).toBeGreaterThan(5);
    const commands = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(match => match[1] as string);
    expect(commands.filter(each => !(each in scripts))).toEqual([]);
  });
});

describe('docs/server.md', () => {
  const text = readFileSync(new URL('docs/server.md', root), 'utf8');

  it('creates the topics of the catalogue, as they are kept', () => {
    const created = [...text.matchAll(/^create (\S+) (\d+) (\d+)$/gm)].map(([, name, partitions, retentionMs]) => [
      name,
      partitions,
      retentionMs,
    ]);
    const feedPartitions = readConfiguration({}).KAFKA_FEED_PARTITIONS;
    expect(created).toEqual(
      topics.map(({ name, partitions, retentionMs }) => [name, String(partitions ?? feedPartitions), String(retentionMs)]),
    );
  });

  it('gives the users of Kafka the rights of the catalogue', () => {
    const given = [...text.matchAll(/^allow (\S+) (.*)$/gm)].flatMap(([, user, line = '']) => {
      const named = (option: string) => [...line.matchAll(new RegExp(`--${option} (\\S+)`, 'g'))].map(match => match[1]);
      const resources = [...named('topic').map(name => `topic ${name}`), ...named('group').map(name => `group ${name}`)];
      return resources.flatMap(resource => named('operation').map(operation => `${user} ${operation} ${resource}`));
    });
    const wanted = kafkaUsers
      .filter(({ name }) => name !== 'kafdrop')
      .flatMap(({ name: user, rights }) =>
        rights.flatMap(({ type, name, operations }) => operations.map(operation => `${user} ${operation} ${type} ${name}`)),
      );
    expect(given.sort()).toEqual(wanted.sort());
  });
});

describe('docs/exports.md', () => {
  const text = readFileSync(new URL('docs/exports.md', root), 'utf8');
  const rowsOf = (table: string) => [...(text.split(`### ${table}\n`)[1]?.split('\n\n')[0] ?? '').matchAll(/^\| (`.*|– \|.*)$/gm)];
  const column = (table: string, at: number) =>
    rowsOf(table).flatMap(([, row = '']) => /^`(\w+)`$/.exec(row.split(' | ')[at] ?? '')?.[1] ?? []);

  it('tells every column of the files and of the lines, in their order', () => {
    expect(column('bars', 1)).toEqual(barColumns.map(({ name }) => name));
    expect(column('ticks', 0)).toEqual(tickColumns.map(({ name }) => name));
    expect(column('gaps', 0)).toEqual(gapColumns.map(({ name }) => name));
    expect(column('alerts', 0)).toEqual(alertColumns.map(({ name }) => name));
    expect(column('bars', 0)).toEqual(headOf('csv').trim().split(','));
  });
});
