import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { type Broker, type Cluster, connections, type KafkaConnection, kafkaClient, leaderOf } from '../src/kafka-client.ts';
import { fetchPieces } from '../src/kafka-fetch.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { LogBatch, MarketLog } from '../src/market-log.ts';
import { RecordBlock } from '../src/record-block.ts';
import { aTopic, textOf } from './support/log-reading.ts';

describeWithKafka('a fetch', ({ brokers }) => {
  const warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
  let log: MarketLog;
  let connection: KafkaConnection;
  let cluster: Cluster;
  beforeAll(async () => {
    log = await openKafkaLog({ brokers, clientId: 'fetch-test', logger });
    connection = kafkaClient({ brokers, clientId: 'fetch-test', logger });
    cluster = connections(connection.kafka);
    await cluster.connect();
  }, 60_000);
  afterAll(async () => {
    await cluster.disconnect();
    connection.cut();
    await log.close();
  }, 60_000);

  it('gives the same in place and decoded by kafkajs, which is the way back for an older broker, with one warning', async () => {
    const topic = await aTopic(log, 2);
    await log.appendBlocks([aBlock(topic, 0), aBlock(topic, 1)]);
    const broker = await leader(topic);
    const old = Object.create(broker, { versions: { value: { 1: { minVersion: 0, maxVersion: 10 } } } }) as Broker;
    const inPlace = await fetched(broker, topic);
    expect(warnings).toEqual([]);
    expect(await fetched(old, topic)).toEqual(inPlace);
    expect(await fetched(old, topic)).toEqual(inPlace);
    expect(warnings).toHaveLength(1);
    expect(inPlace).toHaveLength(2);
    expect(inPlace[0]?.records).toHaveLength(7);
  }, 60_000);

  async function leader(topic: string): Promise<Broker> {
    await cluster.addTargetTopic(topic);
    return cluster.findBroker({ nodeId: leaderOf(cluster, topic, 0) ?? '' });
  }

  /** The records from offset 2 up to 9, of both partitions. */
  async function fetched(broker: Broker, topic: string) {
    const partitions = [0, 1].map(partition => ({ partition, nextOffset: 2, maxBytes: 1_000_000 }));
    const pieces = await fetchPieces(broker, { topic, partitions, maxBytes: 8_000_000, maxWaitMs: 100, checkCrcs: true }, logger);
    const seen = pieces.map(piece => ({ partition: piece.partition, nextOffset: piece.nextOffset, ...shown(piece.batch(2, 9)) }));
    return seen.sort((one, other) => one.partition - other.partition);
  }
});

function shown(batch: LogBatch | undefined) {
  const records = batch?.records.map(record => [record.offset, record.key && Buffer.from(record.key).toString(), textOf(record)]);
  return { highWatermark: batch?.highWatermark, lastOffset: batch?.lastOffset, records };
}

function aBlock(topic: string, partition: number): RecordBlock {
  const block = new RecordBlock({ topic, partition });
  for (let index = 0; index < 20; index += 1) {
    const value = Buffer.from(`value ${index}`);
    block.add(index % 2 === 0 ? undefined : Buffer.from(`key ${index}`), value, 0, value.length);
  }
  return block;
}
