import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { MarketLog } from '../src/market-log.ts';
import { aTopic, joinGroup } from './support/log-reading.ts';
import { patienceMs, type RunningProcess, runScript } from './support/running-process.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });
/** So long that nothing here happens because a session ran out. */
const sessionTimeoutMs = 60_000;

describeWithKafka('members of a group that watch each other', ({ brokers }) => {
  let log: MarketLog;
  beforeAll(async () => {
    log = await openKafkaLog({ brokers, clientId: 'log-test', logger, sessionTimeoutMs, peer: { host: '127.0.0.1' } });
  }, 60_000);
  afterAll(() => log.close(), 60_000);

  function aMember(topic: string, group: string, options: object): RunningProcess {
    return runScript('member-process.ts', brokers.join(','), topic, group, JSON.stringify({ sessionTimeoutMs, ...options }));
  }

  describe('and one of them is killed', () => {
    it('give its partitions to the others in seconds, whatever the session says', async () => {
      const topic = await aTopic(log, 2);
      const group = randomUUID();
      const member = joinGroup(log, topic, group);
      await eventually('the member has both partitions', () => member.claims.length === 2, patienceMs);
      const other = aMember(topic, group, { peer: { host: '127.0.0.1' } });
      await eventually(
        'the other one has a partition of it',
        () => other.lines.length === 1 && member.claims.filter(claim => claim.lost.aborted).length === 1,
        patienceMs,
      );
      for (const claim of member.claims.filter(({ lost }) => lost.aborted)) claim.release();
      // Each learns where the other listens after the rebalance.
      await pause(2_000);
      other.signal('SIGKILL');
      await other.ended;
      const killedMs = performance.now();
      await eventually(
        'the member has both partitions again',
        () => member.claims.filter(claim => !claim.lost.aborted).length === 2,
        patienceMs,
      );
      expect(performance.now() - killedMs).toBeLessThan(15_000);
      // The one that lived went on with what it had.
      expect(member.claims).toHaveLength(3);
      await member.leave();
    }, 120_000);

    it('leave it to its session when it did not say where it listens', async () => {
      const topic = await aTopic(log, 2);
      const group = randomUUID();
      const member = joinGroup(log, topic, group);
      await eventually('the member has both partitions', () => member.claims.length === 2, patienceMs);
      const other = aMember(topic, group, {});
      await eventually(
        'the other one has a partition of it',
        () => other.lines.length === 1 && member.claims.filter(claim => claim.lost.aborted).length === 1,
        patienceMs,
      );
      for (const claim of member.claims.filter(({ lost }) => lost.aborted)) claim.release();
      other.signal('SIGKILL');
      await other.ended;
      await pause(4_000);
      expect(member.claims.filter(claim => !claim.lost.aborted)).toHaveLength(1);
      await member.leave();
    }, 120_000);
  });
});
