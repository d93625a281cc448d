import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import cassandra from 'cassandra-driver';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { refreshOnceAtATime } from '../src/cassandra/control-refresh.ts';
import { Gate } from './support/gate.ts';

/** Beyond the first search: those after it are searches again. */
const reconnectMs = 5_000;
const quietMs = 2_000;
const patienceMs = 60_000;

describeWithCassandra('a client whose Cassandra goes away several times', server => {
  it('searches its nodes once at a time', async () => {
    const gate = new Gate(String(server.contactPoints[0]));
    await gate.open();
    const client = new cassandra.Client({
      contactPoints: [gate.address],
      localDataCenter: server.localDataCenter,
      policies: { reconnection: new cassandra.policies.reconnection.ConstantReconnectionPolicy(reconnectMs) },
    });
    refreshOnceAtATime(client, pino({ level: 'silent' }));
    await client.connect();
    const searches: string[] = [];
    client.on('log', (_level: string, _source: string, message: string) => {
      if (message === 'Trying to acquire a connection to a new host') searches.push(message);
    });
    const counts: number[] = [];
    for (let outage = 1; outage <= 3; outage += 1) {
      searches.length = 0;
      await gate.close();
      await eventually('a search', () => searches.length > 0, patienceMs);
      await sleep(quietMs);
      counts.push(searches.length);
      await gate.open();
      await eventually('an answer', () => client.execute('SELECT key FROM system.local').then(Boolean, () => false), patienceMs);
      await sleep(quietMs);
    }
    await client.shutdown();
    await gate.close();
    expect(counts).toEqual([1, 1, 1]);
  }, 240_000);
});
