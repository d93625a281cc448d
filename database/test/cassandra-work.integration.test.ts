import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { pause } from '@tapeline/core/pause';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { openCassandraStore } from '../src/cassandra/cassandra-store.ts';
import { openCassandraWork } from '../src/cassandra/cassandra-work.ts';
import type { WorkStore } from '../src/work-store.ts';
import { type TestKeyspace, testKeyspace } from './support/cassandra-keyspace.ts';
import { Gate } from './support/gate.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

describeWithCassandra('the work of jobs on Cassandra', server => {
  let test: TestKeyspace;
  let work: WorkStore;
  const open = () => openCassandraWork({ contactPoints: server.contactPoints, keyspace: test.keyspace, logger });
  beforeAll(async () => {
    test = await testKeyspace(server, 'work');
    work = open();
  }, 60_000);
  afterAll(async () => {
    await work.close();
    await test.drop();
  }, 60_000);

  it('says what to do while the tables are missing', async () => {
    await expect(work.items('jobs').all()).rejects.toMatchObject({ code: 'store.schema-missing' });
    await expect(work.cell('credits').read()).rejects.toMatchObject({ code: 'store.schema-missing' });
    const store = openCassandraStore({ contactPoints: server.contactPoints, keyspace: test.keyspace, logger, registry: new Registry() });
    await store.migrate();
    await store.close();
  }, 60_000);

  it('keeps the items of a queue until they are removed', async () => {
    const jobs = work.items('jobs');
    await jobs.put('a', 'one');
    await jobs.put('b', 'two');
    await jobs.put('a', 'three');
    await work.items('notes').put('a', 'four');
    const all = async () => (await work.items('jobs').all()).map(({ id, text }) => [id, text]).sort();
    expect(await all()).toEqual([
      ['a', 'three'],
      ['b', 'two'],
    ]);
    expect((await jobs.all())[0]?.place).toBe(`${test.keyspace}.work_items jobs/a`);
    await jobs.remove('a');
    await jobs.remove('nothing');
    expect(await all()).toEqual([['b', 'two']]);
  }, 60_000);

  it('takes what is written and removed last, though the clock was set back', async () => {
    const rightNow = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + 86_400_000);
    const before = open();
    for (const id of ['changed', 'removed', 'put-again']) await before.items('clock').put(id, 'before');
    await before.items('clock').remove('put-again');
    await before.close();
    clock.mockRestore();
    const after = work.items('clock');
    await after.put('changed', 'after');
    await after.remove('removed');
    await after.put('put-again', 'after');
    expect((await after.all()).map(({ id, text }) => [id, text])).toEqual([
      ['changed', 'after'],
      ['put-again', 'after'],
    ]);
  }, 60_000);

  it('may be tried again where the connection ended before the answer to an update with a condition', async () => {
    const gate = new Gate(String(server.contactPoints[0]));
    await gate.open();
    const far = openCassandraWork({ contactPoints: [gate.address], keyspace: test.keyspace, logger });
    const cell = far.cell('cut-off');
    for (const version of [0, 1]) expect(await cell.replace(version, 'before')).toBe(true);
    gate.silence();
    const replaced = cell.replace(2, 'after');
    const outcome = replaced.catch((error: unknown) => error);
    await pause(300);
    await gate.close();
    await far.close();
    expect(await outcome).toMatchObject({ code: 'store.unavailable', retriable: true });
  }, 60_000);

  it('reads a queue that is longer than a page', async () => {
    const paged = openCassandraWork({ contactPoints: server.contactPoints, keyspace: test.keyspace, logger, pageItems: 2 });
    const long = paged.items('long');
    for (const id of ['a', 'b', 'c', 'd', 'e']) await long.put(id, id);
    expect((await long.all()).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e']);
    await paged.close();
  }, 60_000);

  it('forgets what was removed from queues after three hours, before it stands in the way of reading them', async () => {
    const query = 'SELECT gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?';
    const { rows } = await test.client.execute(query, [test.keyspace, 'work_items'], { prepare: true });
    expect(rows[0]?.gc_grace_seconds).toBe(10_800);
  }, 60_000);

  it('replaces a value only for who has seen the last one', async () => {
    const cell = work.cell('credits');
    expect(await cell.read()).toEqual({ version: 0, text: undefined });
    expect([await cell.replace(0, 'first'), await cell.replace(0, 'late'), await cell.replace(2, 'ahead')]).toEqual([true, false, false]);
    expect(await cell.read()).toEqual({ version: 1, text: 'first' });
    expect([await cell.replace(1, 'second'), await cell.replace(1, 'late')]).toEqual([true, false]);
    expect(await cell.read()).toEqual({ version: 2, text: 'second' });
  }, 60_000);

  it('loses no change of four who share a value', async () => {
    const stores = Array.from({ length: 4 }, open);
    const count = async (store: WorkStore) => {
      const cell = store.cell('count');
      for (let done = 0; done < 10; ) {
        const { version, text } = await cell.read();
        if (await cell.replace(version, String(Number(text ?? 0) + 1))) done += 1;
      }
    };
    await Promise.all(stores.map(count));
    expect(await work.cell('count').read()).toEqual({ version: 40, text: '40' });
    await Promise.all(stores.map(store => store.close()));
  }, 120_000);
});
