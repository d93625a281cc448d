/**
 * A process whose Cassandra (`argv[2]`, keyspace `argv[3]`, migrated) goes away and, with `back` as `argv[4]`, comes back; then it closes
 * its stores and has nothing more to do. Several stores see outages of several lengths: what the driver does depends on the moment.
 */
import { pause } from '@tapeline/core/pause';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { Gate } from './gate.ts';
import { aBar, quiet } from './rows.ts';

const [server = '', keyspace = '', outcome] = process.argv.slice(2);
async function survive(outageMs: number): Promise<void> {
  const gate = new Gate(server);
  await gate.open();
  const store = openCassandraStore({ contactPoints: [gate.address], keyspace, ...quiet() });
  const write = () =>
    store.write(storeBatch({ bars: [aBar({ symbol: 'outage/1' })] })).then(
      () => true,
      () => false,
    );
  await write();
  await gate.close();
  await pause(outageMs);
  await write();
  if (outcome === 'back') {
    await gate.open();
    while (!(await write())) await pause(250);
    await pause(1_000);
  }
  await store.close();
  await gate.close();
}

await Promise.all([0, 50, 100, 150, 200, 300].map(survive));
process.send?.('closed');
process.disconnect?.();
