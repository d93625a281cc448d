import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type EmbeddedLogOptions, openEmbeddedLog } from '../src/embedded-log.ts';
import type { MarketLog } from '../src/market-log.ts';
import { RecordBlock } from '../src/record-block.ts';
import { describeMarketLogContract } from './market-log-contract.ts';
import { expectToldAppends } from './support/appended-ranges.ts';
import { aTopic, joinGroup, someEntries, take, textOf, texts } from './support/log-reading.ts';
import { patienceMs, runScript } from './support/running-process.ts';

const logger = pino({ level: 'silent' });

describeMarketLogContract('the embedded log', async () => {
  const directory = temporaryFolder('log');
  let log = await openEmbeddedLog({ directory, logger });
  return {
    log,
    reopen: async () => {
      await log.close();
      log = await openEmbeddedLog({ directory, logger });
      return log;
    },
    close: async () => {
      await log.close();
    },
  };
});

describe('the embedded log, alone', () => {
  let directory: string;
  const logs: MarketLog[] = [];

  beforeEach(async () => {
    directory = temporaryFolder('log');
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close();
  });

  async function open(options: Partial<EmbeddedLogOptions> = {}): Promise<MarketLog> {
    const log = await openEmbeddedLog({ directory, logger, ...options });
    logs.push(log);
    return log;
  }

  describe('durability', () => {
    it('has every record whose append resolved before kill -9, in order, and starts again at once', async () => {
      const { child, acknowledged } = await writerProcess(directory);
      await eventually('300 appends are acknowledged', () => acknowledged() > 300, patienceMs);
      child.signal('SIGKILL');
      await child.ended;
      const survived = acknowledged();
      const log = await open();
      const { highWatermark } = (await log.offsets('t'))[0] ?? { highWatermark: 0 };
      expect(highWatermark).toBeGreaterThanOrEqual(survived);
      const all = await texts(log.read({ topic: 't', partition: 0, fromOffset: 0, toOffset: highWatermark }));
      expect(all).toEqual(Array.from({ length: highWatermark }, (_, index) => String(index)));
    }, 60_000);

    it('works with an fsync for each group of appends', async () => {
      const log = await open({ durability: 'power' });
      const topic = await aTopic(log);
      await log.append(someEntries(topic, 0, 0, 3));
      expect(await texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 3 }))).toEqual(['0', '1', '2']);
    });

    it('writes what was appended and not yet waited for when it is closed', async () => {
      const log = await open();
      const topic = await aTopic(log);
      const appending = log.append(someEntries(topic, 0, 0, 3));
      await log.close();
      await appending;
      expect(await texts((await open()).read({ topic, partition: 0, fromOffset: 0, toOffset: 3 }))).toEqual(['0', '1', '2']);
    });
  });

  describe('one writer', () => {
    it('refuses a second writer and names the process that writes', async () => {
      const { child } = await writerProcess(directory);
      const second = open();
      await expect(second).rejects.toMatchObject({ code: 'data-dir.unusable', retriable: false, fields: { pid: child.pid } });
      await expect(second).rejects.toThrow(`stop process ${child.pid}, or set DATA_DIR to another folder`);
      child.signal('SIGKILL');
      await child.ended;
    }, 60_000);

    it('refuses a second writer in the same process, and takes one after the first has closed', async () => {
      const first = await open();
      await expect(open()).rejects.toMatchObject({ code: 'data-dir.unusable', fields: { pid: process.pid } });
      await first.close();
      await expect(open()).resolves.toBeDefined();
    });

    it('lets a reader in while another process writes, and the reader follows', async () => {
      const { child } = await writerProcess(directory);
      const reader = await open({ readOnly: true });
      const taken = await take(reader.read({ topic: 't', partition: 0, fromOffset: 0 }), 500);
      expect(taken.slice(0, 500).map(textOf)).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
      child.signal('SIGKILL');
      await child.ended;
    }, 60_000);

    it('can be read when nobody writes, and takes no append then', async () => {
      const writer = await open();
      const topic = await aTopic(writer);
      await writer.append(someEntries(topic, 0, 0, 2));
      await writer.close();
      const reader = await open({ readOnly: true });
      expect(await texts(reader.read({ topic, partition: 0, fromOffset: 0, toOffset: 2 }))).toEqual(['0', '1']);
      await expect(reader.append(someEntries(topic, 0, 2, 1))).rejects.toMatchObject({ code: 'usage' });
      await expect(reader.ensureTopics([{ name: 'another', partitions: 1 }])).rejects.toMatchObject({ code: 'usage' });
    });
  });

  describe('a folder that cannot be used', () => {
    it('says so when the folder is a file', async () => {
      const file = join(directory, 'file');
      await writeFile(file, 'x');
      await expect(open({ directory: file })).rejects.toMatchObject({ code: 'data-dir.unusable', retriable: false });
      await expect(open({ directory: join(file, 'deeper') })).rejects.toThrow('set DATA_DIR to another folder');
    });

    it('says so when the log is something else', async () => {
      await writeFile(join(directory, 'log.sqlite'), 'this is not a database, however long it may be'.repeat(50));
      await expect(open()).rejects.toMatchObject({ code: 'data-dir.unusable' });
    });

    it('says so when there is no log to read', async () => {
      await expect(open({ readOnly: true })).rejects.toThrow('holds no log, expected the file log.sqlite: check DATA_DIR');
    });
  });

  it('opens a log that was written before there were tombstones, to read it and to write on', async () => {
    const database = new DatabaseSync(join(directory, 'log.sqlite'));
    database.exec(`
      CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, retention_ms INTEGER) STRICT;
      CREATE TABLE partitions (topic INTEGER NOT NULL, partition INTEGER NOT NULL, low_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)) STRICT, WITHOUT ROWID;
      CREATE TABLE records (topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, append_time_ms INTEGER NOT NULL,
        key BLOB, value BLOB NOT NULL, PRIMARY KEY (topic, partition, offset)) STRICT, WITHOUT ROWID;
      CREATE TABLE group_offsets (consumer_group TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL,
        next_offset INTEGER NOT NULL, PRIMARY KEY (consumer_group, topic, partition)) STRICT, WITHOUT ROWID;
      INSERT INTO topics VALUES (1, 't', NULL);
      INSERT INTO partitions VALUES (1, 0, 0, 1);
      INSERT INTO records VALUES (1, 0, 0, 0, NULL, x'30');
      PRAGMA user_version = 1;
    `);
    database.close();
    const reader = await open({ readOnly: true });
    expect(await texts(reader.read({ topic: 't', partition: 0, fromOffset: 0, toOffset: 1 }))).toEqual(['0']);
    await reader.close();
    const log = await open();
    const block = new RecordBlock({ topic: 't', partition: 0 });
    block.add(undefined, Buffer.alloc(0), -1, -1);
    await log.appendBlocks([block]);
    const [first, second] = await take(log.read({ topic: 't', partition: 0, fromOffset: 0 }), 2);
    expect(first?.value).toHaveLength(1);
    expect(second?.value).toBeUndefined();
  });

  it('tells who wants to know where appended records stand', () => expectToldAppends(appended => open({ appended })));

  it('leaves the event loop free while a long backlog is read', async () => {
    const log = await open();
    const topic = await aTopic(log);
    await log.append(Array.from({ length: 200 }, () => ({ topic, partition: 0, value: Buffer.alloc(100_000) })));
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 0);
    let batches = 0;
    for await (const { records } of log.read({ topic, partition: 0, fromOffset: 0, toOffset: 200 })) {
      batches += 1;
      expect(records.length).toBeLessThanOrEqual(11);
    }
    clearInterval(ticking);
    expect(batches).toBeGreaterThan(15);
    expect(turns).toBeGreaterThan(5);
  });

  it('refuses what does not fit with log.full, keeps what it has, and goes on when there is room', async () => {
    const log = await open({ maxBytes: 400_000 });
    const topic = await aTopic(log);
    await log.append(someEntries(topic, 0, 0, 1));
    const large = { topic, partition: 0, value: Buffer.alloc(1_000_000) };
    await expect(log.append([large])).rejects.toMatchObject({ code: 'log.full', retriable: false });
    await log.append(someEntries(topic, 0, 1, 1));
    expect(await texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 2 }))).toEqual(['0', '1']);
  });

  it('leaves an offset to the next commit while it is full', async () => {
    const said: unknown[] = [];
    const log = await open({ maxBytes: 400_000, logger: pino({}, { write: line => void said.push(JSON.parse(line)) }) });
    const topic = await aTopic(log);
    // Too long for the room that is left beside the offsets of others.
    const member = joinGroup(log, topic, 'g'.repeat(20_000));
    const claim = await member.claim(0);
    const large = { topic, partition: 0, value: Buffer.alloc(30_000) };
    await expect(untilFails(() => log.append([large]))).rejects.toMatchObject({ code: 'log.full' });
    await expect(untilFails(() => log.append([{ ...large, value: Buffer.alloc(3_000) }]))).rejects.toMatchObject({ code: 'log.full' });
    await claim.commit(1);
    expect(said).toContainEqual(expect.objectContaining({ level: 40, code: 'log.full', partition: 0, nextOffset: 1 }));
    claim.release();
    await member.leave();
  });

  describe('groups', () => {
    it('makes a second member of a group wait until the first has left', async () => {
      const log = await open();
      const topic = await aTopic(log, 2);
      const first = joinGroup(log, topic, 'g');
      await first.claim(1);
      const second = joinGroup(log, topic, 'g');
      await pause(50);
      expect(second.claims).toHaveLength(0);
      await first.leave();
      expect((await second.claim(1)).partition).toBe(1);
      await second.leave();
    });

    it('takes the claims away when nobody listens to the member any more', async () => {
      const log = await open();
      const topic = await aTopic(log);
      const stop = new AbortController();
      const lost: boolean[] = [];
      for await (const claim of log.join({ topic, group: 'g', signal: stop.signal })) {
        claim.lost.addEventListener('abort', () => lost.push(true));
        break;
      }
      expect(lost).toEqual([true]);
    });
  });
});

/** A process that appends '0', '1', … to topic `t` and says how many were acknowledged. */
async function writerProcess(directory: string) {
  const child = runScript('writer-process.ts', directory);
  await eventually('the script has begun', () => child.lines.length > 0, patienceMs);
  return { child, acknowledged: () => Number(child.lines.at(-1)) };
}

async function untilFails(attempt: () => Promise<void>): Promise<never> {
  for (;;) await attempt();
}
