import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sqliteFailure } from '../src/sqlite/sqlite-failure.ts';
import { describeMarketStoreContract } from './market-store-contract.ts';
import { aBar, aFullBar, aLatest, anInstrument, aState, noonMs, noonUs, quiet } from './support/rows.ts';

const key = { consumerGroup: 'stream-processor', topic: 'market-data.feed', partition: 0 };
const ever = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

describeMarketStoreContract('the store on SQLite', async () => {
  const dataDir = temporaryFolder('store');
  return {
    open: options => openSqliteStore({ dataDir, ...options, ...quiet() }),
    remove: async () => rmSync(dataDir, { recursive: true }),
  };
});

describe('the file of the store on SQLite', () => {
  let dataDir: string;
  const file = () => join(dataDir, 'market.sqlite');
  const open = (readOnly = false) => openSqliteStore({ dataDir, readOnly, ...quiet() });

  beforeEach(() => {
    dataDir = temporaryFolder('store');
  });

  it('is made with its folders', async () => {
    const nested = join(dataDir, 'a', 'b');
    const store = openSqliteStore({ dataDir: nested, ...quiet() });
    await store.migrate();
    await store.close();
    expect(existsSync(join(nested, 'market.sqlite'))).toBe(true);
  });

  it('is not changed by a repeated write, not a byte of it', async () => {
    const store = open();
    await store.migrate();
    const batch = storeBatch({ bars: [aFullBar(), aBar({ symbol: 'AAPL' })], latest: [aLatest()] });
    await store.write(batch);
    const changes = new DatabaseSync(file(), { readOnly: true });
    const version = () => changes.prepare('PRAGMA data_version').get()?.data_version;
    const before = version();
    await store.write(batch);
    expect(version()).toBe(before);
    await store.write(storeBatch({ bars: [aBar({ versionUs: noonUs + 1 })] }));
    expect(version()).not.toBe(before);
    changes.close();
    await store.close();
  });

  it('can be read by another process that may not write', async () => {
    const writer = open();
    await writer.migrate();
    const reader = open(true);
    await writer.write(storeBatch({ bars: [aBar()] }));
    expect(await reader.bars({ symbol: 'BTC/USD', interval: '1m', ...ever })).toStrictEqual([aBar()]);
    await expect(reader.write(storeBatch({ bars: [aBar({ symbol: 'AAPL' })] }))).rejects.toMatchObject({ code: 'data-dir.unusable' });
    await expect(reader.migrate()).rejects.toMatchObject({ code: 'data-dir.unusable' });
    await Promise.all([reader.close(), writer.close()]);
  });

  it('is waited for by a reader that came first', async () => {
    const reader = open(true);
    await expect(reader.ready()).rejects.toMatchObject({ code: 'store.schema-missing', retriable: true });
    expect(existsSync(file())).toBe(false);
    const writer = open();
    await writer.migrate();
    await reader.ready();
    await Promise.all([reader.close(), writer.close()]);
  });

  it('is refused with the remedy when its folder cannot be made', async () => {
    const blocked = join(dataDir, 'a-file');
    writeFileSync(blocked, '');
    const store = openSqliteStore({ dataDir: join(blocked, 'data'), ...quiet() });
    await expect(store.migrate()).rejects.toMatchObject({
      code: 'data-dir.unusable',
      message: expect.stringContaining('set DATA_DIR to another'),
    });
  });

  it('is refused when it is no database', async () => {
    writeFileSync(file(), 'price,time\n'.repeat(1_000));
    await expect(open().migrate()).rejects.toMatchObject({ code: 'data-dir.unusable', message: expect.stringContaining('not a database') });
  });

  it('is refused when a newer program made it', async () => {
    const database = new DatabaseSync(file());
    database.exec('PRAGMA user_version = 9999');
    database.close();
    const store = open();
    await expect(store.ready()).rejects.toMatchObject({ code: 'data-dir.unusable', message: expect.stringContaining('schema 9999') });
    await expect(store.migrate()).rejects.toMatchObject({ code: 'data-dir.unusable' });
    await store.close();
  });

  it('keeps the instruments of a file that an older program made', async () => {
    const store = open();
    await store.migrate();
    await store.write(storeBatch({ instruments: [anInstrument({ name: 'Bitcoin' })] }));
    await store.close();
    const database = new DatabaseSync(file());
    const columns = ['fifty_two_week_low', 'fifty_two_week_high'].map(column => `ALTER TABLE instruments DROP COLUMN ${column};`);
    database.exec(`${columns.join('')} DROP TABLE alerts; PRAGMA user_version = 1`);
    database.close();
    const upgraded = open();
    await upgraded.migrate();
    await upgraded.write(storeBatch({ instruments: [anInstrument({ symbol: 'AAPL', fiftyTwoWeekLow: 169.2 })] }));
    expect((await upgraded.instruments()).map(({ instrument }) => [instrument.name, instrument.fiftyTwoWeekLow])).toEqual([
      [undefined, 169.2],
      ['Bitcoin', undefined],
    ]);
    await upgraded.close();
  });

  it('says that the disk is full, and that nothing was kept', () => {
    const database = new DatabaseSync(file());
    database.exec('CREATE TABLE big (value BLOB); PRAGMA max_page_count = 8');
    let thrown: unknown;
    try {
      database.prepare('INSERT INTO big VALUES (?)').run(aState(100_000));
    } catch (error) {
      thrown = sqliteFailure(error, file());
    }
    database.close();
    expect(thrown).toMatchObject({ code: 'store.full', retriable: false, message: expect.stringContaining('free disk space') });
  });

  it('says that another process holds it, and can be written afterwards', async () => {
    const store = open();
    await store.migrate();
    const other = new DatabaseSync(file());
    other.exec('BEGIN IMMEDIATE');
    await expect(store.write(storeBatch({ bars: [aBar()] }))).rejects.toMatchObject({ code: 'store.unavailable', retriable: true });
    other.exec('COMMIT');
    other.close();
    await store.write(storeBatch({ bars: [aBar()] }));
    await store.close();
  });

  it('says that a snapshot is damaged', async () => {
    const store = open();
    await store.migrate();
    await store.saveSnapshot(key, { nextOffset: 7, versionUs: noonUs, formatVersion: 1, state: aState(1_000) });
    const other = new DatabaseSync(file());
    other.prepare('UPDATE snapshots SET state = ?').run(aState(999));
    other.close();
    await expect(store.loadSnapshot(key)).rejects.toMatchObject({ code: 'snapshot.invalid', message: expect.stringContaining('checksum') });
    await store.close();
  });

  it('survives kill -9 in the middle of writes: what was resolved is there, and each batch whole or not at all', async () => {
    const child = fork(join(import.meta.dirname, 'support', 'endless-writer.ts'), [dataDir], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const died = once(child, 'exit');
    let resolved = -1;
    child.on('message', step => {
      resolved = Number(step);
      if (resolved >= 30) child.kill('SIGKILL');
    });
    await died;
    const store = open();
    const bars = await store.bars({ symbol: 'BTC/USD', interval: '1s', ...ever, limit: 1_000_000 });
    const ticks = await store.ticks({ symbol: 'BTC/USD', ...ever, limit: 1_000_000 });
    expect(bars.length).toBeGreaterThanOrEqual((resolved + 1) * 20);
    expect(bars.length % 20).toBe(0);
    expect(ticks.length).toBe(bars.length);
    expect(bars.map(bar => bar.startMs)).toEqual(bars.map((_, i) => noonMs + i * 1_000));
    await store.close();
  }, 60_000);
});
