import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type CassandraStoreOptions, openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { type TestKeyspace, testKeyspace } from './support/cassandra-keyspace.ts';
import { aState, quiet } from './support/rows.ts';

describeWithCassandra('the migrations on Cassandra', server => {
  let test: TestKeyspace;
  beforeAll(async () => {
    test = await testKeyspace(server, 'migrations');
  }, 60_000);
  afterAll(async () => {
    await test.drop();
  }, 60_000);
  const open = (options: Partial<CassandraStoreOptions> = {}) =>
    openCassandraStore({ contactPoints: server.contactPoints, keyspace: test.keyspace, ...quiet(), ...options });

  it('run once each when four Jobs start at once', async () => {
    const stores = Array.from({ length: 4 }, () => open());
    await Promise.all(stores.map(store => store.migrate()));
    await Promise.all(stores.map(store => store.ready()));
    await Promise.all(stores.map(store => store.close()));
    const { rows } = await test.client.execute(`SELECT version, name, lock_owner FROM ${test.keyspace}.schema_migrations`);
    expect(rows.map(row => [row.version, row.lock_owner])).toEqual([
      [1, null],
      [2, null],
      [3, null],
      [4, null],
      [5, null],
    ]);
  }, 180_000);

  it('finish what a Job left half done, once its lock has expired', async () => {
    await test.client.execute(`DELETE FROM ${test.keyspace}.schema_migrations WHERE scope = 'market-store' AND version >= 1`);
    await test.client.execute(`DROP TABLE ${test.keyspace}.snapshot_chunks`);
    await test.client.execute(
      `UPDATE ${test.keyspace}.schema_migrations USING TTL 3 SET lock_owner = 'a dead Job' WHERE scope = 'market-store' IF lock_owner = null`,
    );
    const store = open();
    await expect(store.ready()).rejects.toMatchObject({
      code: 'store.schema-missing',
      message: expect.stringContaining('npm run migrations -- migrate'),
    });
    await store.migrate();
    await store.ready();
    await store.saveSnapshot(
      { consumerGroup: 'g', topic: 't', partition: 0 },
      { nextOffset: 1, versionUs: 1, formatVersion: 1, state: aState(10) },
    );
    await store.close();
  }, 180_000);

  it('give up with a reason when another Job holds the lock for longer than the deadline', async () => {
    await test.client.execute(`DELETE FROM ${test.keyspace}.schema_migrations WHERE scope = 'market-store' AND version >= 1`);
    const lock = (owner: string, former: string) =>
      test.client.execute(
        `UPDATE ${test.keyspace}.schema_migrations SET lock_owner = ${owner} WHERE scope = 'market-store' IF lock_owner = ${former}`,
      );
    await lock(`'a slow Job'`, 'null');
    const store = open({ migrationDeadlineMs: 1_500 });
    await expect(store.migrate()).rejects.toMatchObject({ code: 'store.unavailable', message: 'another Job runs the migrations' });
    await store.close();
    await lock('null', `'a slow Job'`);
  }, 60_000);
});
