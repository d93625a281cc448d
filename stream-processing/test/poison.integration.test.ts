import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { partitionOf } from '@tapeline/core/partitioner';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { describeWithKafka } from '@tapeline/services/for-tests';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { aHeartbeat, aSession, aTick, at } from './support/builders.ts';
import { metricOf, type PoisonedLog, partitions, poisonedLog } from './support/poisoned-partition.ts';
import { nearLimitBytes, poisons } from './support/poisons.ts';

const symbol = 'BTC/USD';
const partition = partitionOf(symbol, partitions);
/** At home in the other partition. */
const other = ['AAPL', 'MSFT', 'ETH/USD', 'EUR/USD'].find(name => partitionOf(name, partitions) !== partition) as string;
const patienceMs = 180_000;

describeWithKafka('poison in a real Kafka', ({ brokers }) => {
  let poisoned: PoisonedLog;
  let prefix: string;
  beforeEach(async () => {
    prefix = `poison-${randomUUID()}.`;
    const log = await openKafkaLog({ brokers, clientId: 'poison-test', logger: pino({ level: 'silent' }) });
    poisoned = await poisonedLog(prefixedLog(log, prefix));
  }, 60_000);
  afterEach(() => poisoned.close(), 60_000);

  /** What our own log never writes: values that are null, keys that are none of ours, headers. */
  async function foreign(messages: readonly kafkajs.Message[]): Promise<void> {
    const client = new kafkajs.Kafka({ brokers: [...brokers], clientId: 'foreign', logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic: `${prefix}market-data.feed`, messages: messages.map(message => ({ ...message, partition })) });
    await producer.disconnect();
  }

  it(
    'becomes dead letters, tombstones too, and the partition goes on',
    async () => {
      await poisoned.append(aSession({ timeMs: at(-600), symbols: [symbol, other] }));
      for (const { value } of poisons) await poisoned.poison(symbol, value);
      await foreign([
        { key: symbol, value: null },
        { key: Buffer.from([0, 255, 128]), value: Buffer.from([0xff, 0xfe]), headers: { source: 'elsewhere' } },
      ]);
      await poisoned.append(aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
      const metrics = await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 1, patienceMs);
      const letters = await poisoned.deadLetters();
      expect(letters.map(letter => letter.origin)).toEqual(
        Array.from({ length: poisons.length + 2 }, (_, index) => `market-data.feed/${partition}@${index + 1}`),
      );
      for (const [index, { name, detail, value }] of poisons.entries()) {
        expect([name, letters[index]?.detail]).toEqual([name, expect.stringMatching(detail)]);
        expect(letters[index]?.value).toBe(Buffer.from(value).toString('utf8').slice(0, 65_536));
      }
      expect(letters.slice(-2)).toMatchObject([
        { reason: 'malformed', detail: expect.stringContaining('tombstone'), value: '' },
        { reason: 'malformed', detail: expect.stringContaining('not JSON in UTF-8'), value: '\ufffd\ufffd' },
      ]);
      expect(metrics).toContain(`tapeline_stream_processor_dead_letters_total{reason="malformed"} ${letters.length}`);
    },
    patienceMs,
  );

  it(
    'whose dead letters together are larger than a message may be is written down all the same',
    async () => {
      const values = Array.from({ length: 40 }, (_, index) => `${index} ${'\u0001'.repeat(nearLimitBytes - 4)}`);
      await poisoned.append(aSession({ timeMs: at(-600), symbols: [symbol, other] }));
      for (const value of values) await poisoned.poison(symbol, value);
      await poisoned.append(aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
      await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 1, patienceMs);
      const letters = await poisoned.deadLetters();
      expect(letters.map(letter => letter.value.split(' ')[0])).toEqual(values.map((_, index) => String(index)));
    },
    patienceMs,
  );

  it(
    'as a flood of 50,000 among good records keeps none of them from its bar',
    async () => {
      const flood = Array.from({ length: 25_000 }, (_, index) => `{"v":1,"kind":"tick","price":${index}}`);
      await poisoned.append(aSession({ timeMs: at(-600), symbols: [symbol, other] }), aTick({ timeMs: at(1) }));
      await poisoned.poison(symbol, ...flood);
      await poisoned.append(aTick({ timeMs: at(2) }), aTick({ timeMs: at(3), symbol: other }), aHeartbeat({ timeMs: at(62) }));
      await poisoned.poison(symbol, ...flood);
      await poisoned.append(aTick({ timeMs: at(63) }), aHeartbeat({ timeMs: at(130) }));
      const metrics = await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 2, patienceMs);
      expect(await poisoned.minutes(symbol)).toEqual([
        [at(0), 2],
        [at(60), 1],
      ]);
      expect(await poisoned.minutes(other)).toEqual([[at(0), 1]]);
      expect(metrics).toContain('tapeline_stream_processor_dead_letters_total{reason="malformed"} 50000');
    },
    patienceMs,
  );

  it(
    'of a newer format pauses its partition and no other, whoever reads it',
    async () => {
      await poisoned.append(
        aSession({ timeMs: at(-600), symbols: [symbol, other] }),
        aTick({ timeMs: at(1) }),
        aHeartbeat({ timeMs: at(62) }),
      );
      await poisoned.poison(symbol, '{"v":2,"kind":"tick","symbol":"BTC/USD"}');
      await poisoned.append(aTick({ timeMs: at(63) }), aTick({ timeMs: at(63), symbol: other }), aHeartbeat({ timeMs: at(130) }));
      const isPausedAlone = async (metrics: string): Promise<boolean> =>
        metricOf(metrics, 'tapeline_stream_processor_paused_partitions') === 1 && (await poisoned.minutes(other)).length === 1;
      for (const _ of ['the first reader', 'one after it']) {
        await poisoned.process(async registry => isPausedAlone(await registry.metrics()), patienceMs);
        expect(await poisoned.minutes(symbol)).toEqual([[at(0), 1]]);
        const key = { consumerGroup: 'stream-processor', topic: 'market-data.feed', partition };
        expect((await poisoned.store.loadSnapshot(key))?.nextOffset).toBe(3);
      }
      expect(await poisoned.deadLetters()).toEqual([]);
    },
    patienceMs,
  );
});
