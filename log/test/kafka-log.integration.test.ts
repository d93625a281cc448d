import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { LogBatch, MarketLog, PartitionClaim } from '../src/market-log.ts';
import { RecordBlock } from '../src/record-block.ts';
import { describeMarketLogContract } from './market-log-contract.ts';
import { expectToldAppends } from './support/appended-ranges.ts';
import { type ClientSockets, watchClientSockets } from './support/client-sockets.ts';
import { aGroup, aTopic, joinGroup, records, sleep, someEntries, take, textOf, texts } from './support/log-reading.ts';
import { patienceMs, runScript } from './support/running-process.ts';

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
          if (call % 3 === 0) await sleep(5);
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

    it('reads what a partition is behind as fast beside others that are read to their end', async () => {
      // More partitions than brokers: some have the leader of the one that is behind.
      const topic = await aTopic(log, 8);
      const value = Buffer.alloc(800_000, '.');
      const count = 60;
      for (let index = 0; index < count; index += 1) {
        const block = new RecordBlock({ topic, partition: 0 });
        block.add(undefined, value, 0, value.length);
        await log.appendBlocks([block]);
      }
      // Slower than a broker gives them, so that the buffer is full most of the time.
      const readingMs = async (batches: AsyncIterable<LogBatch>) => {
        const startMs = performance.now();
        for await (const batch of batches) {
          await sleep(10 * batch.records.length);
          if (batch.lastOffset === count - 1) break;
        }
        return performance.now() - startMs;
      };
      const aloneMs = await readingMs(log.read({ topic, partition: 0, fromOffset: 0, toOffset: count }));
      const member = joinGroup(log, topic, aGroup());
      const claims = await Promise.all(Array.from({ length: 8 }, (_, partition) => member.claim(partition)));
      const [behind, ...others] = claims as [PartitionClaim, ...PartitionClaim[]];
      const waiting = others.map(claim => take(claim.read(0), 1));
      expect(await readingMs(behind.read(0))).toBeLessThan(2 * aloneMs);
      await member.leave();
      await Promise.all(waiting);
    }, 120_000);

    describe('a group of several members', () => {
      it('shares the partitions, and a member that stays goes on without reading again', async () => {
        const topic = await aTopic(log, 4);
        const group = aGroup();
        const first = joinGroup(log, topic, group);
        const claims = await Promise.all([0, 1, 2, 3].map(partition => first.claim(partition)));
        const seen = claims.map(claim => reader(claim));
        const feeding = feed(log, topic, 4);
        await eventually('records of every partition', () => seen.every(read => read.texts.length > 100), patienceMs);

        const second = joinGroup(log, topic, group);
        await eventually('the second member has two partitions', () => second.claims.length === 2, patienceMs);
        await eventually('the first member has lost two', () => claims.filter(claim => claim.lost.aborted).length === 2, patienceMs);
        const kept = claims.filter(claim => !claim.lost.aborted).map(claim => claim.partition);
        expect([...kept, ...second.claims.map(claim => claim.partition)].sort()).toEqual([0, 1, 2, 3]);

        await sleep(500);
        const appended = await feeding.stop();
        await eventually(
          'what stays has every record',
          () => kept.every(partition => seen[partition]?.texts.length === appended),
          patienceMs,
        );
        for (const partition of kept) expect(seen[partition]?.texts).toEqual(Array.from({ length: appended }, (_, index) => String(index)));
        expect(first.claims).toHaveLength(4);
        for (const read of seen) await read.stop();
        await Promise.all([first.leave(), second.leave()]);
      }, 120_000);

      it('moves the partitions of a member that leaves, from what it committed last, with no record lost', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        const first = joinGroup(log, topic, group);
        await Promise.all([first.claim(0), first.claim(1)]);
        const second = joinGroup(log, topic, group);
        await eventually(
          'the members share the partitions',
          () => second.claims.length === 1 && first.claims.some(claim => claim.lost.aborted),
          patienceMs,
        );
        const leaving = second.claims[0] as PartitionClaim;
        const { partition } = leaving;
        first.claims.find(claim => claim.partition === partition)?.release();
        await log.append(someEntries(topic, partition, 0, 40));
        const before = await take(leaving.read(0), 40);
        await leaving.commit(before.length);
        await second.leave();
        await log.append(someEntries(topic, partition, before.length, 40));
        await eventually(
          'the first member has both partitions',
          () => first.claims.filter(claim => !claim.lost.aborted).length === 2,
          patienceMs,
        );
        const taken = await first.claim(partition);
        expect(taken.committedOffset).toBe(40);
        const after = await take(taken.read(taken.committedOffset ?? 0), 40);
        expect([...before, ...after].map(textOf)).toEqual(Array.from({ length: 80 }, (_, index) => String(index)));
        await first.leave();
      }, 120_000);

      it('gives a lost partition back only after its last owner here has released it', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        const first = joinGroup(log, topic, group);
        const claims = await Promise.all([first.claim(0), first.claim(1)]);
        const second = joinGroup(log, topic, group);
        await eventually('a claim is lost', () => claims.some(claim => claim.lost.aborted), patienceMs);
        const lost = claims.find(claim => claim.lost.aborted) as PartitionClaim;
        await second.claim(lost.partition);
        await second.leave();
        await sleep(3_000);
        expect(first.claims).toHaveLength(2);
        lost.release();
        expect((await first.claim(lost.partition)).lost.aborted).toBe(false);
        await first.leave();
      }, 120_000);

      it('tells a member for which there is no partition that it stands by', async () => {
        const topic = await aTopic(log, 1);
        const group = aGroup();
        const first = joinGroup(log, topic, group);
        await first.claim(0);
        const second = joinGroup(log, topic, group);
        await eventually('the second member knows that it has none', () => second.assignments.length > 0, patienceMs);
        expect([first.claims.filter(claim => !claim.lost.aborted).length, second.claims.length]).toEqual([1, 0]);
        await second.leave();
        await first.leave();
      }, 120_000);

      it('takes the partitions of a member that is frozen, and tells it when it wakes', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        const other = runScript('member-process.ts', brokers.join(','), topic, group);
        await eventually('the other one has both partitions', () => other.lines.length === 2, patienceMs);
        other.signal('SIGSTOP');
        const member = joinGroup(log, topic, group);
        // An owner of its own releases what it lost: both are, when the rebalance took more than one attempt to join.
        for (const claim of await Promise.all([member.claim(0), member.claim(1)]))
          claim.lost.addEventListener('abort', () => claim.release());
        other.signal('SIGCONT');
        await eventually('it knows that it lost both', () => other.lines.filter(line => line.includes('lost')).length === 2, patienceMs);
        await eventually('it has one of them again', () => other.lines.filter(line => line.includes('got')).length === 3, patienceMs);
        await eventually('the member has the other one', () => member.claims.filter(claim => !claim.lost.aborted).length === 1, patienceMs);
        other.signal('SIGTERM');
        await other.ended;
        await member.leave();
      }, 120_000);

      it('takes the partitions of a member that was killed', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        const other = runScript('member-process.ts', brokers.join(','), topic, group);
        await eventually('the other one has both partitions', () => other.lines.length === 2, patienceMs);
        other.signal('SIGKILL');
        const member = joinGroup(log, topic, group);
        await Promise.all([member.claim(0), member.claim(1)]);
        await member.leave();
      }, 120_000);

      it('ignores the commit of a claim that is lost', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        const first = joinGroup(log, topic, group);
        const claims = await Promise.all([first.claim(0), first.claim(1)]);
        const second = joinGroup(log, topic, group);
        await eventually('a claim is lost', () => claims.some(claim => claim.lost.aborted), patienceMs);
        const lost = claims.find(claim => claim.lost.aborted) as PartitionClaim;
        await lost.commit(0);
        const next = await second.claim(lost.partition);
        expect(next.committedOffset).toBeUndefined();
        await Promise.all([first.leave(), second.leave()]);
      }, 120_000);
    });
  });
});

/** A block whose values are `from`, `from + 1`, … as text. */
function aBlock(topic: string, partition: number, from: number, count: number): RecordBlock {
  const block = new RecordBlock({ topic, partition });
  for (const { value } of someEntries(topic, partition, from, count)) block.add(undefined, value, 0, value.length);
  return block;
}

/** Reads a claim from its first record on, in the background. */
function reader(claim: PartitionClaim) {
  const seen: string[] = [];
  const reading = (async () => {
    for await (const batch of claim.read(0)) seen.push(...batch.records.map(textOf));
    claim.release();
  })();
  return { texts: seen as readonly string[], stop: () => (claim.lost.aborted ? reading : Promise.resolve()) };
}

/** Appends '0', '1', … to each partition until it is stopped; gives how many to each. */
function feed(log: MarketLog, topic: string, partitions: number) {
  const stop = new AbortController();
  let next = 0;
  const feeding = (async () => {
    while (!stop.signal.aborted) {
      const entries = Array.from({ length: partitions }, (_, partition) => someEntries(topic, partition, next, 10));
      await log.append(entries.flat());
      next += 10;
      await sleep(10);
    }
  })();
  return {
    stop: async () => {
      stop.abort();
      await feeding;
      return next;
    },
  };
}
