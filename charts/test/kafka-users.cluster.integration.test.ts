import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { encodeRecord } from '@tapeline/core/record-codec';
import { alertsTopic, barsTopic, deadLetterTopic, feedTopic, topics } from '@tapeline/core/topics';
import { findLastSession } from '@tapeline/ingestion/last-session';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { readEnvironment } from '@tapeline/services/environment';
import { describeUnless } from '@tapeline/services/for-tests';
import { findJava } from '@tapeline/services/java';
import { absentSharedTools } from '@tapeline/services/kubernetes-tools';
import { repartitionCommand } from '@tapeline/stream-processing/repartition-command';
import kafkajs, { type AclEntry } from 'kafkajs';
import { pino } from 'pino';
import { chart } from './support/chart-folders.ts';
import { render } from './support/rendering.ts';
import { kafkaNeed, type SecuredKafka, startSecuredKafka } from './support/secured-kafka.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const PATIENCE_MS = 180_000;
/** What is allowed takes a fraction of it; reading what is forbidden waits for ever. */
const WORK_MS = 4_000;
const feed = 'twelve-data/0';
const record = encodeRecord({ v: 1, kind: 'session', feed, session: 3, timeMs: 1_000, symbols: ['BTC/USD'], refused: [] });

type Work = (log: MarketLog, signal: AbortSignal) => Promise<unknown>;

/** What each process asks of Kafka, by the code with which it asks. */
const work: Readonly<Record<string, { readonly readOnly: boolean; readonly run: Work }>> = {
  ingester: {
    readOnly: false,
    run: async log => {
      expect(await findLastSession(log, feed)).toMatchObject({ session: 3 });
      await log.append([{ topic: feedTopic.name, partition: 1, value: record }]);
      await log.append([{ topic: deadLetterTopic.name, partition: 0, value: record }]);
    },
  },
  'stream-processor': {
    readOnly: false,
    run: async (log, signal) => {
      await log.partitionCount(barsTopic.name);
      for await (const claim of log.join({ topic: feedTopic.name, group: 'stream-processor', signal })) {
        for await (const batch of claim.read(0)) {
          await log.append([{ topic: barsTopic.name, partition: 0, key: 'BTC/USD', value: record }]);
          await log.append([{ topic: deadLetterTopic.name, partition: 0, value: record }]);
          await claim.commit(batch.highWatermark);
          break;
        }
        claim.release();
        break;
      }
    },
  },
  backfiller: {
    readOnly: false,
    run: log => log.append([{ topic: feedTopic.name, partition: 1, key: 'BTC/USD', value: record }]),
  },
  'daily-jobs': {
    readOnly: false,
    run: log => log.append([{ topic: feedTopic.name, partition: 1, key: 'BTC/USD', value: record }]),
  },
  notifier: {
    readOnly: false,
    run: async (log, signal) => {
      for await (const batch of log.read({ topic: feedTopic.name, partition: 0, fromOffset: 0 })) {
        expect(batch.records.length).toBeGreaterThan(0);
        break;
      }
      await log.append([{ topic: feedTopic.name, partition: 1, value: record }]);
      for await (const claim of log.join({ topic: alertsTopic.name, group: 'notifier', signal })) {
        for await (const batch of log.read({ topic: alertsTopic.name, partition: 0, fromOffset: 0 })) {
          await claim.commit(batch.highWatermark);
          break;
        }
        claim.release();
        break;
      }
    },
  },
  'live-board': {
    readOnly: true,
    run: async log => {
      expect(await log.partitionCount(feedTopic.name)).toBe(2);
      const [first] = await log.offsets(feedTopic.name);
      for await (const batch of log.read({ topic: feedTopic.name, partition: 0, fromOffset: first?.lowOffset ?? 0 })) {
        expect(batch.records.length).toBeGreaterThan(0);
        break;
      }
    },
  },
};

interface KafkaUserAcl {
  readonly resource: { readonly type: 'topic' | 'group'; readonly name: string };
  readonly operations: readonly string[];
}

const operations: Readonly<Record<string, number>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
};

/** One entry for each operation that the chart gives a user, as the operator makes them. */
function entriesOf(user: string, acls: readonly KafkaUserAcl[]): readonly AclEntry[] {
  return acls.flatMap(({ resource, operations: names }) =>
    names.map(name => ({
      principal: `User:${user}`,
      host: '*',
      operation: operations[name] ?? 0,
      permissionType: AclPermissionTypes.ALLOW,
      resourceType: resource.type === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
      resourceName: resource.name,
      resourcePatternType: ResourcePatternTypes.LITERAL,
    })),
  );
}

async function missing(): Promise<PipelineError | undefined> {
  const absent = absentSharedTools();
  if (absent !== undefined) return absent;
  try {
    await findJava(kafkaNeed, readEnvironment());
    return undefined;
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

/** Opens the log as that user and does its work; whatever fails, or takes too long, is an error. */
async function workAs(user: string, broker: string): Promise<void> {
  const { readOnly, run } = work[user] ?? { readOnly: true, run: async () => undefined };
  const settings = { KAFKA_BROKERS: broker, KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: user, KAFKA_PASSWORD: user };
  const configuration = readConfiguration({ ...settings, KAFKA_FEED_PARTITIONS: '2' });
  const stop = new AbortController();
  const log = await openConfiguredLog(configuration, { clientId: user, logger: pino({ level: 'silent' }), readOnly });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('took too long')), WORK_MS);
  const running = run(log, stop.signal);
  running.catch(() => undefined);
  try {
    await Promise.race([running, late.promise]);
  } finally {
    clearTimeout(timer);
    stop.abort();
    await log.close();
  }
}

/** A right that was given a moment ago may not be known to the broker yet. */
async function untilItWorks(user: string, broker: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await workAs(user, broker);
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

describeUnless(await missing(), 'the users of the Kafka chart, on a Kafka that asks', () => {
  let kafka: SecuredKafka;
  const entries: Record<string, readonly AclEntry[]> = {};
  const users = Object.keys(work);

  beforeAll(async () => {
    kafka = await startSecuredKafka(users);
    const objects = await render(chart('kafka'), ['--set', 'profile=strimzi']);
    for (const { kind, metadata, spec } of objects) {
      if (kind === 'KafkaUser' && users.includes(metadata.name)) entries[metadata.name] = entriesOf(metadata.name, spec.authorization.acls);
    }
    await kafka.admin.createTopics({
      waitForLeaders: true,
      topics: topics.map(({ name, partitions = 2 }) => ({ topic: name, numPartitions: partitions, replicationFactor: 1 })),
    });
    for (const user of users) await kafka.allow(entries[user] ?? []);
    const producer = [
      ...[0, 1].map(partition => ({ topic: feedTopic.name, partition, value: record })),
      { topic: alertsTopic.name, partition: 0, value: record },
    ];
    const admin = { KAFKA_BROKERS: kafka.broker, KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'admin', KAFKA_PASSWORD: 'admin' };
    const log = await openConfiguredLog(readConfiguration(admin), { clientId: 'admin', logger: pino({ level: 'silent' }), readOnly: true });
    await log.append(producer);
    await log.close();
  }, PATIENCE_MS);

  afterAll(async () => await kafka?.[Symbol.asyncDispose](), PATIENCE_MS);

  it.each(users)('%s can do its work', async user => {
    await workAs(user, kafka.broker);
  });

  it('say so in few words: five rights for the ingester, five for a processor, four for the backfiller and for the daily jobs each, six for the notifier, one for the board', () => {
    expect(users.map(user => entries[user]?.length)).toEqual([5, 5, 4, 4, 6, 1]);
  });

  it(
    'the ingester can copy the feed into topics of another prefix, once the chart has given it the rights to them',
    async () => {
      const further = 'furtherPipelines=[{"prefix":"wide.","feedPartitions":4}]';
      const objects = await render(chart('kafka'), ['--set', 'profile=strimzi', '--set-json', further]);
      const user = objects.find(({ kind, metadata }) => kind === 'KafkaUser' && metadata.name === 'ingester');
      await kafka.admin.createTopics({
        waitForLeaders: true,
        topics: topics.map(({ name, partitions = 4 }) => ({ topic: `wide.${name}`, numPartitions: partitions, replicationFactor: 1 })),
      });
      await kafka.allow(entriesOf('ingester', user?.spec.authorization.acls));
      const settings = {
        KAFKA_BROKERS: kafka.broker,
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_USERNAME: 'ingester',
        KAFKA_PASSWORD: 'ingester',
      };
      const [configuration, logger] = [readConfiguration(settings), pino({ level: 'silent' })];
      const signal = AbortSignal.timeout(WORK_MS * 10);
      expect(await repartitionCommand({ configuration, logger, partitions: 4, to: 'wide.', signal })).toBe(0);
    },
    PATIENCE_MS,
  );

  describe.each(users)('%s needs each of its rights', user => {
    it(
      'and fails without any one of them',
      async () => {
        const unneeded: string[] = [];
        for (const entry of entries[user] ?? []) {
          await kafka.forbid([entry]);
          await workAs(user, kafka.broker).then(
            () => unneeded.push(`${entry.resourceName} ${entry.operation}`),
            () => undefined,
          );
          await kafka.allow([entry]);
          // So that the next failure is for want of the next right.
          await untilItWorks(user, kafka.broker);
        }
        expect(unneeded).toEqual([]);
      },
      PATIENCE_MS,
    );
  });
});
