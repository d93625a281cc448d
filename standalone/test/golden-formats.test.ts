import { mkdirSync, readFileSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { encodeBar } from '@tapeline/core/bars';
import { deadLetterSchema } from '@tapeline/core/dead-letters';
import { decodeAlert, decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordTimeMs } from '@tapeline/core/records';
import { barsTopic, feedTopic } from '@tapeline/core/topics';
import { Generations } from '@tapeline/database/generations';
import { sqliteGenerations } from '@tapeline/database/sqlite/sqlite-generations';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readParquet } from '../../visualization/test/support/parquet-readers.ts';
import { cuts, goldenFeed } from './formats/golden-feed.ts';
import { folds } from './formats/golden-folds.ts';
import { alerts, bars, deadLetters, feedRecords } from './formats/golden-records.ts';
import {
  linesOfLog,
  openLog,
  openStore,
  rows,
  rowsOfStore,
  schemaOf,
  snapshotKey,
  writeExport,
  writeLog,
  writeStore,
} from './formats/golden-stores.ts';
import {
  addVersion,
  feedOf,
  filesOfFolds,
  filesOfRecords,
  goldenFolder,
  goldenLines,
  migrationHashes,
  versions,
  writeVersion,
} from './formats/golden-version.ts';
import {
  comparedDayMs,
  gap,
  jobs,
  ledger,
  nowMs,
  openWork,
  range,
  rangeKey,
  refusalReason,
  sentHashes,
  workTexts,
  writeWork,
} from './formats/golden-work.ts';

const tables = ['bars', 'ticks', 'gaps', 'alerts'] as const;
const newest = join(goldenFolder, versions().at(-1) ?? 'v1');

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('formats');
});

describe.each(versions())('what was written as %s', version => {
  const golden = join(goldenFolder, version);

  it('decodes to the values that went into it', () => {
    expect(goldenLines(golden, 'records.jsonl').map(line => decodeRecord(Buffer.from(line)))).toEqual(feedRecords);
    expect(goldenLines(golden, 'alerts.jsonl').map(line => decodeAlert(Buffer.from(line)))).toEqual(alerts);
    expect(goldenLines(golden, 'dead-letters.jsonl').map(line => deadLetterSchema.parse(JSON.parse(line)))).toEqual(deadLetters);
    expect(goldenLines(golden, 'bars.jsonl').map(line => JSON.parse(line))).toEqual(bars.map(bar => ({ v: 1, ...bar })));
  });

  it('decodes to the same with fields that nobody knows', () => {
    const more = (line: string) => Buffer.from(JSON.stringify({ unknown: { deep: [1] }, ...JSON.parse(line), later: true }));
    expect(goldenLines(golden, 'records.jsonl').map(line => decodeRecord(more(line)))).toEqual(feedRecords);
    expect(goldenLines(golden, 'alerts.jsonl').map(line => decodeAlert(more(line)))).toEqual(alerts);
  });

  it('is folded to the same outputs, from the start and from each snapshot', () => {
    const feed = feedOf(golden);
    const compared = golden === newest ? (line: string) => line : withoutSentence;
    const expected = { bars: goldenLines(golden, 'feed-bars.jsonl'), others: goldenLines(golden, 'feed-others.jsonl').map(compared) };
    for (const fold of folds) {
      const { snapshot, bars, others } = fold.run(feed);
      expect({ bars, others: others.map(compared) }).toEqual(expected);
      for (const [cut, name] of [[cuts.withoutRules, 'without-rules'] as const, [cuts.withRules, 'with-rules'] as const]) {
        const before = fold.run(feed.slice(0, cut));
        const after = fold.run(feed.slice(cut), readFileSync(join(golden, `${fold.name}-${name}.snapshot`)));
        expect([...before.bars, ...after.bars]).toEqual(expected.bars);
        expect([...before.others, ...after.others].map(compared)).toEqual(expected.others);
        expect(Buffer.compare(after.snapshot, snapshot)).toBe(0);
      }
    }
  });

  it('is read from its store, its log and the notes of its generations', async () => {
    await cp(join(golden, 'stores'), folder, { recursive: true });
    const store = openStore(folder);
    await store.migrate();
    expect(await rowsOfStore(store)).toEqual(readable());
    const state = readFileSync(join(golden, 'hot-with-rules.snapshot'));
    const snapshot = await store.loadSnapshot(snapshotKey);
    expect({ ...snapshot, state: Buffer.from(snapshot?.state ?? []) }).toEqual({
      nextOffset: cuts.withRules,
      versionUs: 1,
      formatVersion: 4,
      state,
    });
    await store.close();
    expect(schemaOf(join(folder, 'market.sqlite'))).toEqual(await newSchema());
    const log = await openLog(folder);
    expect(await linesOfLog(log, feedTopic.name)).toEqual(
      goldenLines(golden, 'feed.jsonl').map((line, offset) => `${offset} ${JSON.parse(line).symbol ?? ''} ${line}`),
    );
    expect(await linesOfLog(log, barsTopic.name)).toEqual(bars.map((bar, offset) => `${offset} ${bar.symbol} ${encodeBar(bar)}`));
    await log.close();
    expect(await new Generations({ table: sqliteGenerations(folder) }).list()).toEqual([
      { generation: 1, state: 'serving', foldVersion: 1, sinceMs: 0, by: 'the first start' },
      { generation: 2, state: 'building', foldVersion: 1, sinceMs: 1_730_714_400_000, by: 'a golden version' },
    ]);
  });

  it('is read from its exported files', async () => {
    await writeExport(folder);
    for (const table of tables) {
      expect(await readParquet(join(golden, 'export', `${table}.parquet`))).toEqual(await readParquet(join(folder, `${table}.parquet`)));
    }
    expect(await readParquet(join(golden, 'export', 'bars.parquet'))).toMatchObject([
      {
        symbol: 'BTC/USD',
        startTime: new Date(1_730_714_400_000),
        close: 11,
        flags: 'partial|corrected',
        versionUs: 1_730_714_400_000_001n,
      },
      { symbol: 'AAPL', volume: null, revision: 0 },
    ]);
  });

  it('is what its jobs remember', async () => {
    await cp(join(golden, 'work'), folder, { recursive: true });
    const work = await openWork(folder);
    expect((await work.jobs.all()).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(jobs);
    expect([work.notes.nextLetter, work.notes.isCompared(comparedDayMs), work.notes.isDue(gap, nowMs)]).toEqual([5, true, false]);
    expect(work.ranges.missing(rangeKey, range)).toEqual([]);
    expect(await work.credits.read()).toEqual({ version: 1, ledger });
    expect([work.sent.isNew, work.sent.nextOffset, ...sentHashes.map(hash => work.sent.knows(hash))]).toEqual([false, 9, true, true]);
    expect(work.refusals.last).toEqual({ v: 1, timeMs: nowMs, reason: refusalReason, alerts: 2, ids: alerts.map(({ id }) => id) });
  });

  it('holds no migration of Cassandra that was edited since', () => {
    const released = JSON.parse(readFileSync(join(golden, 'cassandra-migrations.json'), 'utf8'));
    for (const [migration, hashes] of Object.entries(released)) {
      unchanged(`migration ${migration} of Cassandra`, JSON.stringify(migrationHashes()[migration]), JSON.stringify(hashes));
    }
  });
});

describe('what this code writes', () => {
  it('is the newest golden version: records, outputs and snapshots byte for byte', () => {
    const feed = goldenFeed();
    unchanged(
      'feed.jsonl',
      feed.map(record => Buffer.from(encodeRecord(record)).toString()).join('\n'),
      goldenLines(newest, 'feed.jsonl').join('\n'),
    );
    for (const [name, bytes] of [...filesOfRecords(), ...filesOfFolds(feed)]) {
      unchanged(name, Buffer.from(bytes).toString('latin1'), readFileSync(join(newest, name)).toString('latin1'));
    }
  });

  it('is the newest golden version: files of jobs and exports byte for byte, tables column for column', async () => {
    for (const name of ['stores', 'export', 'work']) mkdirSync(join(folder, name));
    await writeWork(join(folder, 'work'));
    unchanged('work/', JSON.stringify(workTexts(join(folder, 'work'))), JSON.stringify(workTexts(join(newest, 'work'))));
    await writeExport(join(folder, 'export'));
    for (const table of tables) {
      const [today, golden] = [folder, newest].map(at => readFileSync(join(at, 'export', `${table}.parquet`)).toString('latin1'));
      unchanged(`export/${table}.parquet`, today ?? '', golden ?? '');
    }
    await writeStore(join(folder, 'stores'), { nextOffset: 0, versionUs: 1, formatVersion: 4, state: new Uint8Array(1) });
    await writeLog(join(folder, 'stores'), []);
    await cp(join(newest, 'stores'), join(folder, 'golden'), { recursive: true });
    for (const name of ['market.sqlite', 'log.sqlite', 'generations.sqlite']) {
      const [today, golden] = ['stores', 'golden'].map(at => JSON.stringify(schemaOf(join(folder, at, name))));
      unchanged(`stores/${name}`, today ?? '', golden ?? '');
    }
  });

  it('is added to the golden versions only where it is another', async () => {
    await cp(newest, join(folder, 'v1'), { recursive: true });
    expect(await addVersion(folder)).toBeUndefined();
    expect(versions(folder)).toEqual(['v1']);
    await writeFile(join(folder, 'v1', 'bars.jsonl'), 'a former format\n');
    await rm(join(folder, 'v1', 'work', 'backfill', 'notes', 'dead-letters.json'));
    expect(await addVersion(folder)).toEqual({ version: 'v2', changed: ['bars.jsonl', 'work/backfill/notes'] });
    expect(readFileSync(join(folder, 'v2', 'bars.jsonl'))).toEqual(readFileSync(join(newest, 'bars.jsonl')));
    expect(await addVersion(folder)).toBeUndefined();
  });

  it('never takes the place of a golden version', async () => {
    await expect(writeVersion(newest)).rejects.toThrow(/is there, and a golden version is never written over/);
  });
});

it('goes back to the format of snapshots without rules when all rules are taken away', () => {
  const feed = goldenFeed();
  const none: FeedRecord = { v: 1, kind: 'alert-rules', rules: [], receivedTimeMs: recordTimeMs(feed[cuts.withRules - 1] as FeedRecord) };
  for (const fold of folds) {
    const { snapshot } = fold.run([...feed.slice(0, cuts.withRules), none]);
    expect(Buffer.from(snapshot).toString('latin1')).toMatch(/^(tapeline.{4})?\{"format":3,/s);
    expect(fold.run(feed.slice(cuts.withRules), snapshot).bars.at(-1)).toBe(goldenLines(newest, 'feed-bars.jsonl').at(-1));
  }
});

describe('files of former programs', () => {
  it.each([1, 2])('of the store with schema %d are migrated, and hold what they held', async schema => {
    await cp(join(goldenFolder, 'former', `market-schema-${schema}.sqlite`), join(folder, 'market.sqlite'));
    const store = openStore(folder);
    await expect(store.ready()).rejects.toThrow(new RegExp(`has schema ${schema}, expected \\d+: start Tapeline with this DATA_DIR once`));
    await store.migrate();
    const { instruments, ...rest } = readable();
    const unknown = schema === 1 ? { fiftyTwoWeekLow: undefined, fiftyTwoWeekHigh: undefined } : {};
    expect(await rowsOfStore(store)).toEqual({
      ...rest,
      alerts: [],
      instruments: instruments.map(row => ({ ...row, instrument: { ...row.instrument, ...unknown } })),
    });
    expect((await store.loadSnapshot(snapshotKey))?.nextOffset).toBe(70);
    await store.write({ ...rows, bars: [] });
    expect(await store.alerts({ fromMs: 0, toMs: nowMs })).toHaveLength(alerts.length);
    await store.close();
    expect(schemaOf(join(folder, 'market.sqlite'))).toEqual(await newSchema());
  });

  it('of the log with schema 1 are brought up, and hold what they held', async () => {
    await cp(join(goldenFolder, 'former', 'log-schema-1.sqlite'), join(folder, 'log.sqlite'));
    const log = await openLog(folder);
    const lines = feedRecords.map((record, offset) => {
      const key = 'symbol' in record ? record.symbol : '';
      return `${offset} ${key} ${Buffer.from(encodeRecord(record))}`;
    });
    expect(await linesOfLog(log, feedTopic.name)).toEqual(lines);
    await log.close();
  });
});

/** What an alert tells people may be put in other words than a former version's; all else of it is the same. */
function withoutSentence(line: string): string {
  const output = JSON.parse(line);
  return output.kind === 'alert' ? JSON.stringify({ ...output, alert: { ...output.alert, message: '' } }) : line;
}

/** Of a store that this code makes anew: an old one that was migrated has the same. */
async function newSchema(): Promise<ReturnType<typeof schemaOf>> {
  const store = openStore(join(folder, 'new'));
  await store.migrate();
  await store.close();
  return schemaOf(join(folder, 'new', 'market.sqlite'));
}

/** Rows as readers give them, in their orders. */
function readable(): Awaited<ReturnType<typeof rowsOfStore>> {
  const bySymbol =
    <T>(of: (row: T) => string) =>
    (a: T, b: T) =>
      of(a) < of(b) ? -1 : 1;
  return {
    ticks: rows.ticks,
    bars,
    latest: rows.latest.toSorted(bySymbol(({ symbol }) => symbol)),
    gaps: rows.gaps,
    instruments: rows.instruments.toSorted(bySymbol(({ instrument }) => instrument.symbol)),
    alerts: rows.alerts.toSorted(bySymbol(({ symbol = '' }) => symbol)),
  };
}

function unchanged(what: string, today: string, golden: string): void {
  if (today === golden) return;
  let at = 0;
  while (today[at] === golden[at]) at += 1;
  const [now, before] = [today, golden].map(text => JSON.stringify(text.slice(Math.max(0, at - 40), at + 40)));
  throw new Error(
    `${what} is not as the newest golden version has it: ${now}, was ${before}. If nobody meant to change a format, mend the code. If it is meant: ` +
      'raise the number of that format, see that this code reads the former one too (a released migration is never edited: add one), ' +
      'run npm run golden-formats, and write down in docs/upgrade.md what a former program does with it',
  );
}
