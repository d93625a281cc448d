/** What documents name is there, so that they can be checked against the code. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { settings } from '@tapeline/core/settings';
import { alertColumns, barColumns, gapColumns, tickColumns } from '@tapeline/visualization/export/export-columns';
import { headOf } from '../standalone/src/bar-lines.ts';

const root = new URL('../', import.meta.url);
const scripts = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: Readonly<Record<string, string>> }).scripts;

describe.each(['docs/threat-model.md', 'docs/security.md'])('%s', name => {
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
    expect(code.filter(each => prefixes.test(each) && !(each in settings))).toEqual([]);
    const commands = code.map(each => /^npm run (?:--silent )?([\w:-]+)/.exec(each)?.[1]).filter(each => each !== undefined);
    expect(commands.filter(each => !(each in scripts))).toEqual([]);
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
