import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { type CassandraStoreOptions, openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { eventually } from '../../test/support/eventually.ts';
import { type TestKeyspace, testKeyspace } from './support/cassandra-keyspace.ts';
import { Gate } from './support/gate.ts';
import { aBar, noonMs, quiet } from './support/rows.ts';

const ever = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const wholeDay = { fromMs: noonMs - 43_200_000, toMs: noonMs + 43_200_000 };

describeWithCassandra('the store on a Cassandra that goes away', server => {
  let test: TestKeyspace;
  let gate: Gate;
  beforeAll(async () => {
    test = await testKeyspace(server, 'away');
    gate = new Gate(String(server.contactPoints[0]));
    await gate.open();
    await gate.close();
  }, 60_000);
  afterAll(async () => {
    await gate.close();
    await test.drop();
  }, 60_000);
  const open = (options: Partial<CassandraStoreOptions> = {}) =>
    openCassandraStore({ contactPoints: [gate.address], keyspace: test.keyspace, ...quiet(), ...options });

  it('says which address did not answer and why, and that it may pass', async () => {
    const store = open({ migrationDeadlineMs: 500 });
    const failure = { code: 'store.unavailable', retriable: true, message: expect.stringMatching(/127\.0\.0\.1:\d+.*ECONNREFUSED/) };
    await expect(store.ready()).rejects.toMatchObject(failure);
    await expect(store.migrate()).rejects.toMatchObject(failure);
    await store.close();
  }, 60_000);

  it('waits with its migrations for a server that starts later', async () => {
    const store = open();
    const migrated = store.migrate();
    await pause(1_500);
    await gate.open();
    await migrated;
    await store.ready();
    await store.close();
  }, 180_000);

  it('fails writes and reads while it is away, and goes on when it is back', async () => {
    const store = open();
    await store.write(storeBatch({ bars: [aBar({ symbol: 'away/1' })] }));
    await gate.close();
    const failure = { code: 'store.unavailable', retriable: true };
    await expect(store.write(storeBatch({ bars: [aBar({ symbol: 'away/2' })] }))).rejects.toMatchObject(failure);
    await expect(store.bars({ symbol: 'away/1', interval: '1m', ...ever })).rejects.toMatchObject(failure);
    await expect(store.ready()).rejects.toMatchObject(failure);
    await gate.open();
    await eventually('it takes a write again', async () => {
      const error = await store.write(storeBatch({ bars: [aBar({ symbol: 'away/2' })] })).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toMatchObject(failure);
      return error === undefined;
    });
    expect(await store.bars({ symbol: 'away/2', interval: '1m', ...wholeDay })).toHaveLength(1);
    await store.close();
  }, 120_000);

  it.each(['back', 'away'])(
    'lets its process end once it is closed, with the server %s',
    async outcome => {
      const program = join(import.meta.dirname, 'support', 'outage-survivor.ts');
      const child = fork(program, [String(server.contactPoints[0]), test.keyspace, outcome], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
      });
      const ended = once(child, 'exit');
      await once(child, 'message');
      const deadline = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const [status, signal] = await ended;
      clearTimeout(deadline);
      expect({ status, signal }).toEqual({ status: 0, signal: null });
    },
    60_000,
  );

  it('refuses a data centre that is not there, with the names of those that are', async () => {
    const store = openCassandraStore({ contactPoints: server.contactPoints, localDataCenter: 'nowhere', ...quiet() });
    await expect(store.ready()).rejects.toMatchObject({
      ...{ code: 'configuration.invalid', retriable: false },
      message: expect.stringMatching(/\(datacenter1\), was nowhere: set CASSANDRA_LOCAL_DATACENTER/),
    });
    await store.close();
  }, 60_000);
});
