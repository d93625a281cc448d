import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { describeWithKafka } from '@tapeline/services/for-tests';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { MarketLog } from '../src/market-log.ts';
import { RecordBlock } from '../src/record-block.ts';
import { describeMarketLogContract } from './market-log-contract.ts';
import { expectToldAppends } from './support/appended-ranges.ts';
import { type ClientSockets, watchClientSockets } from './support/client-sockets.ts';
import { aGroup, aTopic, joinGroup, records, someEntries, take, textOf, texts } from './support/log-reading.ts';
import { patienceMs } from './support/running-process.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

describeWithKafka('on a real Kafka', ({ brokers }) => {
  const open = () => openKafkaLog({ brokers, clientId: 'log-test', logger });

  describeMarketLogContract('the log on Kafka', async () => {
    let log = await open();
    return {
      log,
      reopen: async () => {
        await log.close();
        log = await open();
        return log;
      },
      close: () => log.close(),
    };
  });

  it(
    'tells who wants to know where appended records stand',
    () => expectToldAppends(appended => openKafkaLog({ brokers, clientId: 'log-test', logger, appended })),
    60_000,
  );

  describe('what only Kafka does', () => {
    let log: MarketLog;
    let sockets: ClientSockets;
    const otherClient = new kafkajs.Kafka({
      brokers: [...brokers],
      clientId: 'other',
      connectionTimeout: 15_000,
      logLevel: kafkajs.logLevel.NOTHING,
    });
    beforeAll(async () => {
      sockets = watchClientSockets();
      log = await open();
    }, 60_000);
    afterAll(async () => {
      sockets.forget();
      await log.close();
    }, 60_000);

    function cutConnections(): number {
      return brokers.reduce((cut, broker) => cut + sockets.cut(Number(broker.split(':').at(-1))), 0);
    }

    describe('records of other producers', () => {
      it('reads compressed records', async () => {
        const topic = await aTopic(log);
        const producer = otherClient.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
        await producer.connect();
        const messages = Array.from({ length: 500 }, (_, index) => ({ value: String(index) }));
        await producer.send({ topic, compression: kafkajs.CompressionTypes.GZIP, messages });
        await producer.disconnect();
        const all = await texts(log.read({ topic, partition: 0, fromOffset: 120, toOffset: 500 }));
        expect(all).toEqual(Array.from({ length: 380 }, (_, index) => String(120 + index)));
      });

      it('gives tombstones and binary keys as they are', async () => {
        const topic = await aTopic(log);
        const producer = otherClient.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
        await producer.connect();
        await producer.send({ topic, messages: [{ key: Buffer.from([0, 255, 128]), value: null }] });
        await producer.disconnect();
        const [tombstone] = await records(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 1 }));
        expect([...(tombstone?.key ?? [])]).toEqual([0, 255, 128]);
        expect(tombstone?.value).toBeUndefined();
      });

      it('reads over offsets that carry no record, also when they are the last ones before toOffset', async () => {
        const topic = await aTopic(log);
        const producer = otherClient.producer({
          createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
          transactionalId: randomUUID(),
          idempotent: true,
          maxInFlightRequests: 1,
        });
        await producer.connect();
        for (const value of ['a', 'b']) {
          const transaction = await producer.transaction();
          await transaction.send({ topic, messages: [{ value }] });
          await transaction.commit();
        }
        await producer.disconnect();
        await eventually('all four offsets', async () => (await log.offsets(topic))[0]?.highWatermark === 4, patienceMs);
        const all = await records(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 4 }));
        expect(all.map(record => [record.offset, textOf(record)])).toEqual([
          [0, 'a'],
          [2, 'b'],
        ]);
        const member = joinGroup(log, topic, aGroup());
        const reading = take((await member.claim(0)).read(1), 2);
        await log.append(someEntries(topic, 0, 7, 1));
        expect((await reading).map(record => [record.offset, textOf(record)])).toEqual([
          [2, 'b'],
          [4, '7'],
        ]);
        await member.leave();
      }, 60_000);
    });

    it('says what the log still has when the offset was deleted', async () => {
      const topic = await aTopic(log);
      await log.append(someEntries(topic, 0, 0, 10));
      const admin = otherClient.admin();
      await admin.connect();
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
      await admin.disconnect();
      await expect(take(log.read({ topic, partition: 0, fromOffset: 5 }), 1)).rejects.toMatchObject({
        code: 'log.out-of-range',
        fields: { lowOffset: 6, highWatermark: 10 },
      });
      expect(await texts(log.read({ topic, partition: 0, fromOffset: 6, toOffset: 10 }))).toEqual(['6', '7', '8', '9']);
    });

    it('refuses a value that no broker takes, and goes on with the next', async () => {
      const topic = await aTopic(log);
      const tooLarge = log.append([{ topic, partition: 0, value: Buffer.alloc(3_000_000) }]);
      const next = log.append(someEntries(topic, 0, 1, 1));
      await expect(tooLarge).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
      await next;
      expect(await texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 1 }))).toEqual(['1']);
    });

    it('refuses a block that no broker takes, and goes on with the next', async () => {
      const topic = await aTopic(log);
      const large = new RecordBlock({ topic, partition: 0 });
      large.add(undefined, Buffer.alloc(3_000_000), 0, 3_000_000);
      const tooLarge = log.appendBlocks([large]);
      const next = log.appendBlocks([aBlock(topic, 0, 1, 1)]);
      await expect(tooLarge).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
      await next;
      expect(await texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 1 }))).toEqual(['1']);
    });

    it('says in time that nobody answers', async () => {
      const opening = openKafkaLog({ brokers: ['127.0.0.1:1'], clientId: 'log-test', logger });
      await expect(opening).rejects.toMatchObject({ code: 'log.unavailable', retriable: true });
      await expect(opening).rejects.toThrow('connecting to Kafka at 127.0.0.1:1 failed');
    }, 60_000);

    it.each<[string, (topic: string, partition: number, from: number) => Promise<void>]>([
      ['record', (topic, partition, from) => log.append(someEntries(topic, partition, from, 5))],
      ['block', (topic, partition, from) => log.appendBlocks([aBlock(topic, partition, from, 5)])],
    ])(
      'writes each %s once and in order, however often the connections are cut',
      async (_, append) => {
        const topic = await aTopic(log, 3);
        const appends: Promise<void>[] = [];
        let cut = 0;
        for (let call = 0; call < 300; call += 1) {
          for (const partition of [0, 1, 2]) appends.push(append(topic, partition, call * 5));
          if (call % 3 === 0) await pause(5);
          if (call % 10 === 9) cut += cutConnections();
        }
        await Promise.all(appends);
        expect(cut).toBeGreaterThan(10);
        for (const partition of [0, 1, 2]) {
          expect((await log.offsets(topic))[partition]?.highWatermark).toBe(1_500);
          const all = await texts(log.read({ topic, partition, fromOffset: 0, toOffset: 1_500 }));
          expect(all).toEqual(Array.from({ length: 1_500 }, (_, index) => String(index)));
        }
      },
      120_000,
    );

    it('reads each record once and in order, however often the connections are cut', async () => {
      const topic = await aTopic(log, 2);
      const member = joinGroup(log, topic, aGroup());
      const claim = await member.claim(0);
      const claimed = take(claim.read(0), 2_000);
      const reading = texts(log.read({ topic, partition: 1, fromOffset: 0, toOffset: 2_000 }));
      for (let from = 0; from < 2_000; from += 50) {
        await log.append([...someEntries(topic, 0, from, 50), ...someEntries(topic, 1, from, 50)]);
        if (from % 400 === 0) cutConnections();
      }
      const expected = Array.from({ length: 2_000 }, (_, index) => String(index));
      expect(await reading).toEqual(expected);
      expect((await claimed).map(textOf)).toEqual(expected);
      await member.leave();
    }, 120_000);
  });
});

/** A block whose values are `from`, `from + 1`, … as text. */
function aBlock(topic: string, partition: number, from: number, count: number): RecordBlock {
  const block = new RecordBlock({ topic, partition });
  for (const { value } of someEntries(topic, partition, from, count)) block.add(undefined, value, 0, value.length);
  return block;
}
