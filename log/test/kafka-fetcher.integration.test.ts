import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { type Broker, type Cluster, connections, type KafkaConnection, kafkaClient } from '../src/kafka-client.ts';
import type { Exchange } from '../src/kafka-exchange.ts';
import { KafkaFetcher } from '../src/kafka-fetcher.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import { fetchKey } from '../src/kafka-wire.ts';
import type { MarketLog } from '../src/market-log.ts';
import { aTopic, someEntries, take, textOf } from './support/log-reading.ts';

const logger = pino({ level: 'silent' });

describeWithKafka('a fetcher', ({ brokers }) => {
  let log: MarketLog;
  let connection: KafkaConnection;
  beforeAll(async () => {
    log = await openKafkaLog({ brokers, clientId: 'fetcher-test', logger });
    connection = kafkaClient({ brokers, clientId: 'fetcher-test', logger });
  }, 60_000);
  afterAll(async () => {
    connection.cut();
    await log.close();
  }, 60_000);

  it('ends a reading that a broker had no offset for, also when the log is as long again: it may be another one', async () => {
    const topic = await aTopic(log, 2);
    await log.append([...someEntries(topic, 0, 0, 13), ...someEntries(topic, 1, 0, 13)]);
    const shorter = shorterCluster(connections(connection.kafka), { topic, partition: 0 });
    const fetcher = new KafkaFetcher({ topic, cluster: shorter.cluster, logger });
    await fetcher.open({ logger, patienceMs: 30_000, closing: new AbortController().signal });
    try {
      const read = (partition: number) => take(fetcher.read({ partition, ...from10 }), 3);
      const other = read(1);
      await expect(read(0)).rejects.toMatchObject({
        code: 'log.out-of-range',
        message: `offset 10 of ${topic}/0 was out of range a moment ago, and the log has 0 to 13 now: it has lost records and grown again, or is another one`,
      });
      shorter.grow();
      expect((await other).map(textOf)).toEqual(['10', '11', '12']);
      expect((await read(0)).map(textOf)).toEqual(['10', '11', '12']);
    } finally {
      shorter.grow();
      await fetcher.close();
    }
  }, 60_000);
});

const from10 = {
  fromOffset: 10,
  toOffset: Number.MAX_SAFE_INTEGER,
  maxBufferedBytes: 1_048_576,
  signal: new AbortController().signal,
};

/** A real cluster whose brokers say of a partition what they say while it is shorter, until it has grown. */
function shorterCluster(cluster: Cluster, place: { readonly topic: string; readonly partition: number }) {
  let isShorter = true;
  const answering = (broker: Broker): Broker => {
    const { connectionPool: pool } = broker as unknown as { connectionPool: { send(what: Exchange<unknown>): Promise<unknown> } };
    const send = async (what: Exchange<unknown>) => {
      const isFetch = (what.request as unknown as { readonly apiKey: number }).apiKey === fetchKey;
      if (isShorter && isFetch) throw Object.assign(new Error('not within the range'), { type: 'OFFSET_OUT_OF_RANGE', ...place });
      return pool.send(what);
    };
    return Object.create(broker, { connectionPool: { value: { send } } }) as Broker;
  };
  const findBroker: Cluster['findBroker'] = async asked => answering(await cluster.findBroker(asked));
  const grow = () => {
    isShorter = false;
  };
  return { cluster: Object.assign(Object.create(cluster) as Cluster, { findBroker }), grow };
}
