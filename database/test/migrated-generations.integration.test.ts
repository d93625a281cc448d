import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { cassandraGenerations } from '../src/cassandra/cassandra-generations.ts';
import { openCassandraStore } from '../src/cassandra/cassandra-store.ts';
import { schemaVersion } from '../src/cassandra/migrations.ts';
import type { MarketStore } from '../src/market-store.ts';
import { type TestKeyspace, testKeyspace } from './support/cassandra-keyspace.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const program = join(import.meta.dirname, '..', 'src', 'main.ts');

describeWithCassandra('the program of the migrations', server => {
  let test: TestKeyspace;
  const stores: MarketStore[] = [];
  const storeOf = (keyspace: string): MarketStore => {
    const store = openCassandraStore({ contactPoints: server.contactPoints, keyspace, logger, registry: new Registry() });
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    test = await testKeyspace(server, 'generations');
  }, 60_000);
  afterAll(async () => {
    for (const store of stores) await store.close();
    await test.client.execute(`DROP KEYSPACE IF EXISTS ${test.keyspace}_g2`);
    await test.drop();
  }, 60_000);

  it('brings up the generation that serves, and leaves one that was dropped', async () => {
    const { keyspace, client } = test;
    for (const name of [keyspace, `${keyspace}_g2`]) await storeOf(name).migrate();
    const table = cassandraGenerations({ contactPoints: server.contactPoints, keyspace, logger });
    await table.prepare();
    await table.put({ generation: 2, state: 'ready', foldVersion: 1, sinceMs: 0, by: 'test' });
    await table.put({ generation: 3, state: 'dropped', foldVersion: 1, sinceMs: 0, by: 'test' });
    expect(await table.serve(2, 1)).toBe(true);
    await table.close();
    // As a program of the migration before left it.
    await client.execute(`DELETE FROM ${keyspace}_g2.schema_migrations WHERE scope = 'market-store' AND version = ${schemaVersion}`);
    await expect(storeOf(`${keyspace}_g2`).ready()).rejects.toThrow(`has not had migration ${schemaVersion}`);

    const env = { CASSANDRA_CONTACT_POINTS: server.contactPoints.join(','), CASSANDRA_KEYSPACE: keyspace };
    const status = await new Promise(resolve => {
      execFile(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'migrate'], { env }, error =>
        resolve(error?.code ?? 0),
      );
    });
    expect(status).toBe(0);
    await storeOf(`${keyspace}_g2`).ready();
    const { rows } = await client.execute(`SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '${keyspace}_g3'`);
    expect(rows).toEqual([]);
  }, 120_000);

  it('notes which generation serves where somebody was ended between the table and this note', async () => {
    const { keyspace, client } = test;
    await client.execute(`UPDATE ${keyspace}.generations SET serving = null WHERE scope = 'market-store' IF serving = 2`);
    const table = cassandraGenerations({ contactPoints: server.contactPoints, keyspace, logger });
    try {
      expect((await table.read()).serving).toBeUndefined();
      await table.prepare();
      expect((await table.read()).serving).toBe(1);
      expect(await table.serve(2, 1)).toBe(true);
      await table.prepare();
      expect((await table.read()).serving).toBe(2);
    } finally {
      await table.close();
    }
  }, 60_000);

  it('takes the note that is written last, though the clock was set back', async () => {
    const tableOf = () => cassandraGenerations({ contactPoints: server.contactPoints, keyspace: test.keyspace, logger });
    const rightNow = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + 86_400_000);
    const before = tableOf();
    await before.put({ generation: 4, state: 'building', foldVersion: 1, sinceMs: 1, by: 'before' });
    await before.close();
    clock.mockRestore();
    const after = tableOf();
    await after.put({ generation: 4, state: 'ready', foldVersion: 2, sinceMs: 2, by: 'after' });
    const { notes } = await after.read();
    await after.close();
    expect(notes).toContainEqual({ generation: 4, state: 'ready', foldVersion: 2, sinceMs: 2, by: 'after' });
  }, 60_000);
});
