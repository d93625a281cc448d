import { expect, it } from '@jest/globals';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { CassandraConnection } from '../src/cassandra/cassandra-connection.ts';
import { Gate } from './support/gate.ts';
import { quiet } from './support/rows.ts';

describeWithCassandra('a request that the driver would wait for without end', server => {
  it('fails in its time as one that may be repeated, and the next one goes over connections that live', async () => {
    const gate = new Gate(String(server.contactPoints[0]));
    await gate.open();
    const connection = new CassandraConnection({ contactPoints: [gate.address], ...quiet(), readTimeoutMs: 5_000 });
    const query = { query: 'SELECT key FROM system.local', params: [] };
    await connection.execute(query);
    gate.silence();
    // Without a time of its own the driver has nothing that ends it.
    const endless = connection.execute(query, { readTimeout: 0 });
    await expect(endless).rejects.toMatchObject({
      code: 'store.unavailable',
      retriable: true,
      message: expect.stringContaining('neither done nor failed after 20000 ms'),
    });
    expect((await connection.execute(query)).rowLength).toBe(1);
    await connection.close();
    await gate.close();
  }, 120_000);
});
