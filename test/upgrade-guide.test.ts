import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { recordFormat } from '@tapeline/core/records';
import { migrations, schemaVersion } from '@tapeline/database/cassandra/migrations';
import { sqliteSchemaVersion } from '@tapeline/database/sqlite/sqlite-migrations';
import { formatOf } from '@tapeline/stream-processing/fold/snapshot-refusal';
import { foldVersion } from '@tapeline/stream-processing/fold-version';
import { versions } from '../standalone/test/formats/golden-version.ts';

const guide = readFileSync(new URL('../docs/upgrade.md', import.meta.url), 'utf8');
const goldens = new URL('../infrastructure/test/goldens/', import.meta.url);

/** The cells of the table's row that begins so. */
function row(begin: string): readonly string[] {
  const line = guide.split('\n').find(text => text.startsWith(`| ${begin}`));
  if (line === undefined) throw new Error(`docs/upgrade.md must have a row that begins with "${begin}"`);
  return line.split('|').map(cell => cell.trim());
}

describe('the upgrade guide', () => {
  it('has the numbers of the formats that the code writes', () => {
    expect(row('records of `market-data.feed`')[2]).toBe(String(recordFormat));
    expect(row('snapshot of a partition, without alert rules')[2]).toBe(String(formatOf(false)));
    expect(row('snapshot of a partition, with alert rules')[2]).toBe(String(formatOf(true)));
    expect(row('what the fold makes of a log')[2]).toBe(String(foldVersion));
    expect(row('tables of Cassandra')[2]).toBe(String(schemaVersion));
    expect(row('`market.sqlite`, `market-gN.sqlite`')[2]).toBe(String(sqliteSchemaVersion));
  });

  it('says what each migration of Cassandra brought', () => {
    const begin = guide.indexOf('| Cassandra | 1 |');
    const rows = guide.slice(begin, guide.indexOf('| `market.sqlite` | 1,')).trimEnd().split('\n');
    expect(rows.map(text => Number(text.split('|')[2]))).toEqual(migrations.map(({ version }) => version));
  });

  it('names the releases as the stacks do', () => {
    const names = [...guide.matchAll(/-target=helm_release\.(\S+)/g)].map(([, name]) => name ?? '');
    expect(names).toHaveLength(2);
    for (const file of readdirSync(goldens).filter(name => name.endsWith('-pipeline.json'))) {
      expect(Object.keys(JSON.parse(readFileSync(new URL(file, goldens), 'utf8')).resource.helm_release)).toEqual(
        expect.arrayContaining(names),
      );
    }
  });

  it('is told of each golden version where that stands', () => {
    const readme = readFileSync(new URL('../standalone/test/goldens/README.md', import.meta.url), 'utf8');
    for (const version of versions()) expect(readme).toContain(`| \`${version}\` | 20`);
  });
});
