import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { decodeAlert, decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import { feedTopic } from '@tapeline/core/topics';
import type { RecordCursor } from '@tapeline/log/market-log';
import { RecordBlock } from '@tapeline/log/record-block';
import { BarPartitions } from '@tapeline/stream-processing/bar-partitions';
import { FeedFold } from '@tapeline/stream-processing/feed-fold';
import { HotFold } from '@tapeline/stream-processing/hot/hot-fold';
import { ResultBatch } from '@tapeline/stream-processing/result-batch';
import { applyTo } from '../../stream-processing/test/support/hot-run.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { goldenFeed, goldenOptions } from './formats/golden-feed.ts';
import { folds } from './formats/golden-folds.ts';
import { openLog, openStore } from './formats/golden-stores.ts';
import { goldenFolder, goldenLines, versions } from './formats/golden-version.ts';
import { jobs, ledger, openWork } from './formats/golden-work.ts';

const newest = join(goldenFolder, versions().at(-1) ?? 'v1');

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('formats');
});

describe('what a newer program wrote', () => {
  it('is refused record by record, in every kind', () => {
    for (const line of goldenLines(newest, 'records.jsonl')) {
      expect(() => decodeRecord(newer(line))).toThrow('record has format 2, this reader knows up to 1: upgrade the readers first');
    }
    for (const line of goldenLines(newest, 'alerts.jsonl')) expect(() => decodeAlert(newer(line))).toThrow(/format 2/);
  });

  it('pauses the partition where it stands, and leaves the fold as it was', () => {
    const hot = new HotFold(goldenOptions);
    const fold = new FeedFold(hot, 'market-data.feed/0');
    const batch = new ResultBatch(hot, { storeTicks: false, barPartitions: new BarPartitions(1) });
    const feed = goldenFeed();
    const begun = feed.slice(0, 40);
    const tick = feed.slice(begun.length).find(record => record.kind === 'tick');
    if (tick === undefined) throw new Error('the golden feed goes on with ticks');
    // As it stands in a log, so that the fast way knows such ticks.
    for (const record of begun) applyTo(hot, record, batch.results);
    const state = hot.encode();
    const value = encodeRecord(tick);
    const newerRun = cursorOf(newer(Buffer.from(value).toString()));
    expect(fold.applyRun(newerRun, 0, 100, batch)).toMatchObject({ count: 0, nextOffset: 0 });
    const cursor = cursorOf(newer(Buffer.from(value).toString()));
    cursor.next();
    expect(fold.applyTick(cursor, batch)).toBe(false);
    expect(fold.apply(cursor, batch)).toMatchObject({ code: 'record.newer' });
    expect(Buffer.compare(hot.encode(), state)).toBe(0);
    expect(fold.applyRun(cursorOf(value), 0, 100, batch)).toMatchObject({ count: 1 });
  });

  it('is refused as a snapshot, with what to do', () => {
    for (const fold of folds) {
      const text = readFileSync(join(newest, `${fold.name}-with-rules.snapshot`)).toString('latin1');
      const later = Buffer.from(text.replace('{"format":4', '{"format":5'), 'latin1');
      expect(() => fold.run([], later)).toThrow(
        'the snapshot has format 5, this fold reads 3 and 4: run the program that made it, or run tapeline rebuild, which makes a new generation of the tables from the log',
      );
    }
  });

  it('is refused as a file, with what to do', async () => {
    await cp(join(newest, 'stores'), folder, { recursive: true });
    for (const name of ['market.sqlite', 'log.sqlite']) {
      const database = new DatabaseSync(join(folder, name));
      database.exec('PRAGMA user_version = 99');
      database.close();
    }
    const store = openStore(folder);
    await expect(store.migrate()).rejects.toThrow(/has schema 99, this program knows up to 3 \(upgrade the program\)/);
    await store.close();
    await expect(openLog(folder)).rejects.toThrow(
      /has format 99, this program knows up to 2: upgrade it, or set DATA_DIR to another folder/,
    );
  });

  it('is read from what jobs remember where it has further fields, and refused by name where it has another number', async () => {
    await cp(join(newest, 'work'), folder, { recursive: true });
    changeItems(folder, item => ({ ...item, later: true }));
    const work = await openWork(folder);
    expect((await work.jobs.all()).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(jobs);
    expect([(await work.credits.read()).ledger, work.sent.nextOffset, work.refusals.size]).toEqual([ledger, 9, 1]);
    changeItems(join(folder, 'notifier', 'mail-1'), item => ({ ...item, v: 2 }));
    await expect(openWork(folder)).rejects.toThrow(
      /mail-1.*which says what was sent, cannot be read: .*; remove it, and its alerts are sent again/s,
    );
  });
});

function newer(line: string): Uint8Array {
  return Buffer.from(line.replace('{"v":1', '{"v":2'));
}

function cursorOf(value: Uint8Array): RecordCursor {
  const block = new RecordBlock({ topic: feedTopic.name, partition: 0 });
  block.add(Buffer.from('any'), value, 0, value.length);
  return block.cursor();
}

/** Changes each item in a folder and the folders below it. */
function changeItems(within: string, change: (item: Readonly<Record<string, unknown>>) => unknown): void {
  for (const name of readdirSync(within, { recursive: true, encoding: 'utf8' })) {
    const place = join(within, name);
    if (name.endsWith('.json')) writeFileSync(place, JSON.stringify(change(JSON.parse(readFileSync(place, 'utf8')))));
  }
}
