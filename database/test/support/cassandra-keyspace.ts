/** A keyspace of a test's own on the Cassandra that the run has, and a plain client beside the store. */
import type { TestCassandra } from '@tapeline/services/for-tests';
import cassandra, { type Client } from 'cassandra-driver';

export interface TestKeyspace {
  readonly keyspace: string;
  readonly client: Client;
  /** Drops the keyspace and closes the client. */
  drop(): Promise<void>;
}

/** Connects; the keyspace itself is made by whoever is tested. */
export async function testKeyspace(server: TestCassandra, name: string): Promise<TestKeyspace> {
  const client = new cassandra.Client({
    contactPoints: [...server.contactPoints],
    localDataCenter: server.localDataCenter,
    socketOptions: { readTimeout: 60_000 },
  });
  await client.connect();
  const keyspace = `test_${name}_${process.pid}_${Date.now().toString(36)}`;
  return {
    keyspace,
    client,
    drop: async () => {
      await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
      await client.shutdown();
    },
  };
}
