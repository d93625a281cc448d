import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { type StartedKafka, startKafka } from '@tapeline/services/kafka';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { MarketLog } from '../src/market-log.ts';
import { aTopic, someEntries, take, textOf, texts } from './support/log-reading.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

describeWithKafka('on three brokers of its own', () => {
  const folder = temporaryFolder('leaders');
  let kafka: StartedKafka;
  let log: MarketLog;
  beforeAll(async () => {
    kafka = await startKafka({ brokers: 3, directory: join(folder, 'kafka'), heapMb: 256, logger });
    log = await openKafkaLog({ brokers: kafka.brokers, clientId: 'log-test', logger });
  }, 120_000);
  afterAll(async () => {
    await log?.close();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('knows the ends of a partition whose leader has moved, also when the clock was ahead before', async () => {
    const rightNow = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + 7_200_000);
    const topic = await aTopic(log);
    await expect(log.append(someEntries(topic, 0, 0, 1))).rejects.toThrow("this machine's clock is far from the brokers'");
    expect(await log.offsets(topic)).toEqual([{ partition: 0, lowOffset: 0, highWatermark: 0 }]);
    clock.mockRestore();
    await log.append(someEntries(topic, 0, 0, 10));
    await moveLeader(topic);
    const begunMs = performance.now();
    expect(await log.offsets(topic)).toEqual([{ partition: 0, lowOffset: 0, highWatermark: 10 }]);
    expect(performance.now() - begunMs).toBeLessThan(20_000);
    await log.append(someEntries(topic, 0, 10, 5));
    expect(await texts(log.read({ topic, partition: 0, fromOffset: 8, toOffset: 15 }))).toEqual(['8', '9', '10', '11', '12', '13', '14']);
  }, 240_000);

  it('is read on without a break when the leader has moved', async () => {
    const topic = await aTopic(log);
    await log.append(someEntries(topic, 0, 0, 10));
    const reading = new AbortController();
    const read = take(log.read({ topic, partition: 0, fromOffset: 8, signal: reading.signal }), 7);
    try {
      await moveLeader(topic);
      await log.append(someEntries(topic, 0, 10, 5));
      expect((await read).map(textOf)).toEqual(['8', '9', '10', '11', '12', '13', '14']);
    } finally {
      reading.abort();
    }
  }, 240_000);

  /** The leader ends and comes back: it has the partition still, and says that another one leads it. */
  async function moveLeader(topic: string): Promise<void> {
    const admin = new kafkajs.Kafka({ brokers: [...kafka.brokers], clientId: 'other', logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const partition = async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
      return topics[0]?.partitions[0];
    };
    const before = (await partition())?.leader ?? -1;
    const broker = kafka.nodes.find(({ id }) => id === before);
    await broker?.kill('SIGKILL');
    await eventually('another broker leads', async () => ![before, -1].includes((await partition())?.leader ?? -1), 60_000);
    await broker?.start();
    await eventually('the broker is back', async () => (await partition())?.isr.includes(before), 60_000);
    expect((await partition())?.leader).not.toBe(before);
    await admin.disconnect();
  }
});
