import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Environment } from '@tapeline/core/configuration';
import { deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import { describeWithServers } from '@tapeline/services/for-tests';
import cassandra from 'cassandra-driver';
import kafkajs, { type Admin } from 'kafkajs';
import { eventually } from '../../test/support/eventually.ts';
import { examine } from '../src/doctor/doctor.ts';
import { aHeartbeat } from './support/builders.ts';
import { type ExaminedFlow, examinedFlow, said, silent, statuses } from './support/examined-flow.ts';

const patienceMs = 180_000;
const hourMs = 3_600_000;

describeWithServers(
  'the doctor of a deployment on a real Kafka and a real Cassandra',
  ({ brokers }, { contactPoints, localDataCenter }) => {
    const prefix = `doctor-${randomUUID()}.`;
    const feed = `${prefix}${feedTopic.name}`;
    const deadLetters = `${prefix}${deadLetterTopic.name}`;
    const keyspace = `test_doctor_${process.pid}_${Date.now().toString(36)}`;
    const group = `doctor-${randomUUID()}`;
    const environment: Environment = {
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: prefix,
      KAFKA_FEED_PARTITIONS: '2',
      KAFKA_GROUP: group,
      CASSANDRA_CONTACT_POINTS: contactPoints.join(','),
      CASSANDRA_KEYSPACE: keyspace,
      SNAPSHOT_INTERVAL_MS: '200',
    };
    const kafka = new kafkajs.Kafka({ brokers: [...brokers], clientId: 'doctor-test', logLevel: kafkajs.logLevel.NOTHING });
    const client = new cassandra.Client({
      contactPoints: [...contactPoints],
      localDataCenter,
      socketOptions: { readTimeout: 60_000 },
    });
    let admin: Admin;
    let flow: ExaminedFlow;
    const examined = (over: Environment = {}) => examine({ environment: { ...environment, ...over }, logger: silent, timeoutMs: 60_000 });

    beforeAll(async () => {
      admin = kafka.admin();
      await admin.connect();
      await client.connect();
      flow = await examinedFlow(environment);
      await flow.run();
    }, patienceMs);
    afterAll(async () => {
      await flow.close();
      await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
      await client.shutdown();
      await admin.disconnect();
    }, patienceMs);

    it(
      'finds nothing wrong while all is well',
      async () => {
        const found = statuses(await examined());
        const wrong = Object.entries(found).filter(([, status]) => status === 'warning' || status === 'fault');
        expect(wrong).toEqual([]);
        expect(found).toMatchObject({
          kafka: 'ok',
          [`topic ${feed}`]: 'ok',
          [`group ${group}`]: 'ok',
          cassandra: 'ok',
          clock: 'ok',
          [`keyspace ${keyspace}`]: 'ok',
          'cassandra role': 'skipped',
          snapshots: 'ok',
          'heartbeat twelve-data/0': 'ok',
          lag: 'ok',
          'dead letters': 'ok',
        });
      },
      patienceMs,
    );

    describe('once things are broken', () => {
      beforeAll(async () => {
        await flow.stop();
        // The last thing that a feed said is an hour old, and what waits for a processor begins an hour before.
        await flow.tell(aHeartbeat({ timeMs: Date.now() - 2 * hourMs }));
        await flow.tell(aHeartbeat({ timeMs: Date.now() - hourMs }));
        await admin.deleteTopics({ topics: [deadLetters] });
        await eventually('the topic is gone', async () => !(await admin.listTopics()).includes(deadLetters), patienceMs);
      }, patienceMs);

      it(
        'finds a missing topic, too few partitions, no processor, a stale heartbeat and a lag',
        async () => {
          const findings = await examined({ KAFKA_FEED_PARTITIONS: '4' });
          expect(statuses(findings)).toMatchObject({
            kafka: 'ok',
            [`topic ${deadLetters}`]: 'fault',
            [`topic ${feed}`]: 'warning',
            [`group ${group}`]: 'fault',
            'heartbeat twelve-data/0': 'fault',
            lag: 'warning',
            'dead letters': 'fault',
          });
          expect(said(findings, `topic ${feed}`)).toContain('it has 2 partitions, expected 4');
          expect(said(findings, 'lag')).toContain('the first 60 min behind the newest');
          // It looked, and made nothing.
          expect(await admin.listTopics()).not.toContain(deadLetters);
        },
        patienceMs,
      );

      it(
        'finds a topic whose settings were changed',
        async () => {
          const configEntries = [{ name: 'retention.ms', value: '3600000' }];
          const type = kafkajs.ConfigResourceTypes.TOPIC;
          await admin.alterConfigs({ validateOnly: false, resources: [{ type, name: feed, configEntries }] });
          expect(said(await examined(), `topic ${feed}`)).toContain('it is kept 60 min, expected 7 days');
        },
        patienceMs,
      );

      it(
        'finds snapshots that are older than the start of the log, and says how to go on',
        async () => {
          const offsets = await flow.log.offsets(feedTopic.name);
          const partitions = offsets.map(({ partition, highWatermark }) => ({ partition, offset: String(highWatermark) }));
          await admin.deleteTopicRecords({ topic: feed, partitions });
          const findings = await examined();
          expect(statuses(findings)).toMatchObject({ snapshots: 'fault' });
          expect(said(findings, 'snapshots')).toContain('run tapeline rebuild --shorter');
        },
        patienceMs,
      );

      it(
        'finds a schema that is behind, and a keyspace that is not there',
        async () => {
          const [row] = (
            await client.execute(`SELECT max(version) AS version FROM ${keyspace}.schema_migrations WHERE scope = 'market-store'`)
          ).rows;
          await client.execute(`DELETE FROM ${keyspace}.schema_migrations WHERE scope = 'market-store' AND version = ${row?.version}`);
          const behind = await examined();
          expect(statuses(behind)).toMatchObject({ [`keyspace ${keyspace}`]: 'fault', store: 'fault' });
          expect(said(behind, `keyspace ${keyspace}`)).toContain(`expected ${row?.version}; run the migrations`);
          const elsewhere = await examined({ CASSANDRA_KEYSPACE: `${keyspace}_x` });
          expect(said(elsewhere, `keyspace ${keyspace}_x`)).toContain('it is not there');
        },
        patienceMs,
      );

      it(
        'finds credentials that Kafka does not take, and topics under another prefix',
        async () => {
          const password = 'canary-0123456789abcdef';
          const refused = await examined({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'nobody', KAFKA_PASSWORD: password });
          expect(said(refused, 'kafka')).toContain('check KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD');
          expect(JSON.stringify(refused)).not.toContain(password);
          const elsewhere = await examined({ KAFKA_TOPIC_PREFIX: 'nowhere.' });
          expect(statuses(elsewhere)).toMatchObject({ kafka: 'ok', 'topic nowhere.market-data.feed': 'fault', log: 'skipped' });
        },
        patienceMs,
      );

      it(
        'finds servers that do not answer, and looks at the other one all the same',
        async () => {
          const withoutKafka = await examined({ KAFKA_BROKERS: '127.0.0.1:1' });
          expect(statuses(withoutKafka)).toMatchObject({ kafka: 'fault', log: 'skipped', cassandra: 'ok' });
          const withoutCassandra = await examined({ CASSANDRA_CONTACT_POINTS: '127.0.0.1:1' });
          expect(statuses(withoutCassandra)).toMatchObject({
            kafka: 'ok',
            cassandra: 'fault',
            store: 'skipped',
            heartbeat: 'fault',
          });
        },
        patienceMs,
      );
    });
  },
);
