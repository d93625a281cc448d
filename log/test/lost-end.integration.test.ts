import { readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { type StartedKafka, startKafka } from '@tapeline/services/kafka';
import { pino } from 'pino';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type Cluster, connections, type KafkaConnection, kafkaClient } from '../src/kafka-client.ts';
import { KafkaFetcher } from '../src/kafka-fetcher.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { LogBatch, MarketLog } from '../src/market-log.ts';
import { aTopic, someEntries, textOf, texts } from './support/log-reading.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });
const closing = new AbortController().signal;

describeWithKafka('on a broker of its own that ends and comes back', () => {
  const folder = temporaryFolder('lost-end');
  const data = join(folder, 'kafka', '1', 'data');
  let kafka: StartedKafka;
  let log: MarketLog;
  let connection: KafkaConnection;
  beforeAll(async () => {
    kafka = await startKafka({ brokers: 1, directory: join(folder, 'kafka'), heapMb: 256, logger });
    log = await openKafkaLog({ brokers: kafka.brokers, clientId: 'log-test', logger });
    connection = kafkaClient({ brokers: kafka.brokers, clientId: 'reader-test', logger });
  }, 120_000);
  afterAll(async () => {
    connection?.cut();
    await log?.close();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('a reader whose log lost its end and grew beyond it again between two fetches gives none of the new records', async () => {
    const topic = await aTopic(log);
    await append(topic, 0, 13);
    await reading(topic, 0, async batches => {
      expect(await take(batches, 12)).toEqual(numbers(0, 12));
      await untilFetched();
      await restart(() => cutEnd(topic, 11));
      await append(topic, 100, 110);
      expect(await take(batches, 1)).toEqual(['12']);
      await expect(take(batches, 1)).rejects.toMatchObject({
        code: 'log.out-of-range',
        message: `offset 13 of ${topic}/0 is out of range: the log has lost its records from offset 11 on and grown again, or is another one`,
      });
    });
    expect(await texts(log.read({ topic, partition: 0, fromOffset: 9, toOffset: 13 }))).toEqual(['9', '10', '100', '101']);
  }, 240_000);

  it('a reader that has been given no record yet gives none of the new ones either', async () => {
    const topic = await aTopic(log);
    await append(topic, 0, 13);
    const held = heldCluster(connections(connection.kafka));
    await reading(
      topic,
      13,
      async batches => {
        const given = take(batches, 1);
        given.catch(() => {});
        await untilFetched();
        held.hold();
        await restart(() => cutEnd(topic, 11));
        await append(topic, 100, 110);
        held.letGo();
        await expect(given).rejects.toMatchObject({ code: 'log.out-of-range', fields: { fromOffset: 13, endOffset: 11 } });
      },
      held.cluster,
    );
  }, 240_000);

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'a reader goes on without a break when the broker was restarted by %s and has lost nothing',
    async signal => {
      const topic = await aTopic(log);
      await append(topic, 0, 13);
      await reading(topic, 0, async batches => {
        expect(await take(batches, 12)).toEqual(numbers(0, 12));
        await untilFetched();
        await restart(async () => {}, signal);
        await append(topic, 13, 20);
        expect(await take(batches, 8)).toEqual(numbers(12, 20));
      });
      expect(await epochsOf(topic)).toHaveLength(2);
    },
    240_000,
  );

  /** One batch for each record. */
  async function append(topic: string, from: number, to: number): Promise<void> {
    for (let number = from; number < to; number += 1) await log.append(someEntries(topic, 0, number, 1));
  }

  /** Gives a reader to `work` for which one batch is fetched at a time, and none while one waits for it. */
  async function reading(
    topic: string,
    fromOffset: number,
    work: (batches: AsyncIterator<LogBatch>) => Promise<void>,
    cluster = connections(connection.kafka),
  ): Promise<void> {
    const fetcher = new KafkaFetcher({ topic, cluster, logger });
    await fetcher.open({ logger, patienceMs: 30_000, closing });
    const toOffset = Number.MAX_SAFE_INTEGER;
    const batches = fetcher.read({ partition: 0, fromOffset, toOffset, maxBufferedBytes: 1, signal: closing });
    try {
      await work(batches);
    } finally {
      await fetcher.close();
      await batches.return();
    }
  }

  async function restart(whileDown: () => Promise<void>, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const [broker] = kafka.nodes;
    await broker?.kill(signal);
    try {
      await whileDown();
    } finally {
      await broker?.start();
    }
  }

  /** As a power cut leaves it: the records from `offset` on are gone, and nobody remembers how far they went. */
  async function cutEnd(topic: string, offset: number): Promise<void> {
    const segment = join(partitionFolder(topic), '00000000000000000000.log');
    await truncate(segment, placeOf(await readFile(segment), offset));
    for (const name of await readdir(partitionFolder(topic))) {
      if (/index$|snapshot$/.test(name)) await rm(join(partitionFolder(topic), name));
    }
    for (const name of ['recovery-point-offset-checkpoint', 'replication-offset-checkpoint']) await rm(join(data, name));
  }

  function partitionFolder(topic: string): string {
    return join(data, `${topic}-0`);
  }

  async function epochsOf(topic: string): Promise<readonly string[]> {
    const text = await readFile(join(partitionFolder(topic), 'leader-epoch-checkpoint'), 'utf8');
    return text.trimEnd().split('\n').slice(2);
  }
});

/** A real cluster whose brokers are asked for nothing while it is held. */
function heldCluster(cluster: Cluster) {
  let held = Promise.withResolvers<void>();
  held.resolve();
  const findBroker: Cluster['findBroker'] = async asked => {
    await held.promise;
    return cluster.findBroker(asked);
  };
  const hold = () => {
    held = Promise.withResolvers();
  };
  return { cluster: Object.assign(Object.create(cluster) as Cluster, { findBroker }), hold, letGo: () => held.resolve() };
}

/** Where the batch that begins with `offset` begins in a segment. */
function placeOf(segment: Buffer, offset: number): number {
  let at = 0;
  while (Number(segment.readBigInt64BE(at)) < offset) at += 12 + segment.readInt32BE(at + 8);
  return at;
}

function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index));
}

/** The next so many records, and no more. */
async function take(batches: AsyncIterator<LogBatch>, count: number): Promise<readonly string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await batches.next();
    if (done === true) break;
    taken.push(...value.records.map(textOf));
  }
  return taken;
}

/** The next batch waits for its reader. */
async function untilFetched(): Promise<void> {
  await sleep(1_000);
}
