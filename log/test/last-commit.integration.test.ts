import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { describeWithKafka } from '@tapeline/services/for-tests';
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { stickyAssigner } from '../src/kafka-assigner.ts';
import { encodeAssignment, type PartitionAssigner } from '../src/kafka-client.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import { aGroup, aTopic, joinGroup } from './support/log-reading.ts';
import { patienceMs } from './support/running-process.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

describeWithKafka('the last commit of an owner', ({ brokers }) => {
  describe('while the group has no settled generation', () => {
    it('is taken once the generation is settled', async () => {
      const log = await openKafkaLog({ brokers, clientId: 'log-test', logger });
      const topic = await aTopic(log, 1);
      const group = aGroup();
      const kafka = new kafkajs.Kafka({ brokers: [...brokers], clientId: 'other', logLevel: kafkajs.logLevel.NOTHING });
      let assignments = 0;
      let settled = Promise.resolve();
      // The member that joined first assigns: until it has, the group takes no commits.
      const assigner: PartitionAssigner = context => ({
        ...stickyAssigner({ topic, owned: () => [], joining: () => undefined })(context),
        assign: async ({ members }) => {
          assignments += 1;
          await settled;
          return members.map(({ memberId }) => ({
            memberId,
            memberAssignment: encodeAssignment(topic, memberId.startsWith('other') ? [] : [0]),
          }));
        },
      });
      const joined = async () => {
        const consumer = kafka.consumer({ groupId: group, partitionAssigners: [assigner], maxWaitTimeInMs: 100, heartbeatInterval: 200 });
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({ autoCommit: false, eachBatch: async () => undefined });
        return consumer;
      };
      const first = await joined();
      await eventually('an assignment', () => assignments === 1, patienceMs);
      const member = joinGroup(log, topic, group);
      const claim = await member.claim(0);
      const before = assignments;
      const { promise, resolve } = Promise.withResolvers<void>();
      settled = promise;

      const last = joined();
      await eventually('another assignment', () => assignments > before, patienceMs);
      const committing = claim.commit(7);
      await Promise.race([committing, pause(1_000)]);
      resolve();
      await committing;
      const admin = kafka.admin();
      await admin.connect();
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const isLost = claim.lost.aborted;
      await Promise.all([member.leave(), admin.disconnect(), first.disconnect(), (await last).disconnect()]);
      await log.close();
      expect([isLost, offsets?.partitions.map(({ offset }) => offset)]).toEqual([false, ['7']]);
    }, 120_000);
  });
});
