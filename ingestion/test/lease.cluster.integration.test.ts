import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import { describeWithControlPlane, describeWithKafka } from '@tapeline/services/for-tests';
import { startSimulator } from '@tapeline/simulator/simulator';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { kubernetesLease } from '../src/kubernetes-lease.ts';
import { claimed, released } from '../src/lease.ts';
import { IngesterProcess } from './support/ingester-process.ts';
import { type LeaseCluster, namespace, startLeaseCluster } from './support/lease-cluster.ts';
import { aLogger } from './support/logger.ts';

const never = new AbortController().signal;
const specOfAChart = '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"ingester"},"spec":{}}';

describeWithControlPlane('the Lease in a real API server', () => {
  let cluster: LeaseCluster;
  beforeAll(async () => {
    cluster = await startLeaseCluster(temporaryFolder('lease'));
  }, 240_000);
  afterAll(async () => await cluster?.close(), 60_000);

  const kubectl = async (...args: string[]) => await cluster.controlPlane.kubectl(['-n', namespace, ...args]);
  /** As a chart makes it, by nobody held. */
  const renew = async () => {
    await kubectl('delete', 'lease', 'ingester', '--ignore-not-found');
    await cluster.controlPlane.kubectl(['-n', namespace, 'create', '-f', '-'], specOfAChart);
  };

  describe('read and written by the ingester', () => {
    const lease = (name = 'ingester', kubeconfig = cluster.kubeconfig) => kubernetesLease({ name, namespace, kubeconfig });
    const nowMs = Date.UTC(2024, 10, 4, 12, 0, 0, 123);
    beforeEach(renew);

    it('is taken and let go, with fields that other tools understand', async () => {
      const store = lease();
      await kubectl('label', 'lease', 'ingester', 'team=desk');
      const free = await store.read(never);
      expect(free).toMatchObject({ holder: undefined, transitions: 0 });
      const mine = await store.write(claimed(free, 'a', nowMs, 4_000), never);
      if (mine === 'conflict') throw new Error('a conflict');
      expect(mine).toEqual({ ...claimed(free, 'a', nowMs, 4_000), resourceVersion: mine.resourceVersion });
      const stored = JSON.parse(await kubectl('get', 'lease', 'ingester', '-o', 'json'));
      expect(stored.metadata.labels).toEqual({ team: 'desk' });
      expect(stored.spec).toEqual({
        holderIdentity: 'a',
        leaseDurationSeconds: 4,
        leaseTransitions: 1,
        acquireTime: '2024-11-04T12:00:00.123000Z',
        renewTime: '2024-11-04T12:00:00.123000Z',
      });
      expect(await store.write(released(mine, nowMs), never)).toMatchObject({ holder: undefined, durationMs: 1_000, transitions: 1 });
      await store.close();
    });

    it('is given to one of two who claim the same version', async () => {
      const [a, b] = [lease(), lease()];
      const [seenByA, seenByB] = [await a.read(never), await b.read(never)];
      const answers = await Promise.all([
        a.write(claimed(seenByA, 'a', nowMs, 4_000), never),
        b.write(claimed(seenByB, 'b', nowMs, 4_000), never),
      ]);
      expect(answers.filter(answer => answer === 'conflict')).toHaveLength(1);
      expect((await a.read(never)).transitions).toBe(1);
      await Promise.all([a.close(), b.close()]);
    });

    it('says what is wrong and what to do', async () => {
      const [other, absent, stranger] = [lease('other'), lease('ingester', cluster.controlPlane.kubeconfig), lease()];
      await expect(other.read(never)).rejects.toThrow(
        'Lease tapeline/other is forbidden: allow get and update on it to our service account',
      );
      await kubectl('delete', 'lease', 'ingester');
      await expect(absent.read(never)).rejects.toThrow("Lease tapeline/ingester does not exist: install the ingester's chart");
      await expect(stranger.read(AbortSignal.abort())).rejects.toMatchObject({ code: 'lease.unavailable', retriable: true });
      expect(() => kubernetesLease({ name: 'ingester', namespace, kubeconfig: '/nowhere' })).toThrow(
        'KUBECONFIG must be a file that can be read',
      );
      expect(() => kubernetesLease({ name: 'ingester', namespace })).toThrow('this is not a pod with a service account');
      await Promise.all([other.close(), absent.close(), stranger.close()]);
    });
  });

  describe('and the rights of its service account', () => {
    const can = async (...args: string[]) =>
      (await kubectl('--kubeconfig', cluster.kubeconfig, 'auth', 'can-i', ...args).catch((error: Error) => error.message)).includes('yes');

    it('are its own Lease and what everybody may ask about himself', async () => {
      const list = await kubectl('--kubeconfig', cluster.kubeconfig, 'auth', 'can-i', '--list', '--no-headers');
      const rows = list
        .trim()
        .split('\n')
        .map(row => row.trim().replace(/\s+/g, ' '));
      const resources = rows.filter(row => !row.startsWith('[/'));
      expect(resources.sort()).toEqual([
        'leases.coordination.k8s.io [] [ingester] [get update patch]',
        'selfsubjectaccessreviews.authorization.k8s.io [] [] [create]',
        'selfsubjectreviews.authentication.k8s.io [] [] [create]',
        'selfsubjectrulesreviews.authorization.k8s.io [] [] [create]',
      ]);
      expect(rows.filter(row => row.startsWith('[/')).every(row => row.endsWith('[get]'))).toBe(true);
    });

    it('end there', async () => {
      expect(await can('update', 'leases/ingester')).toBe(true);
      for (const [verb = '', what = ''] of [
        ['update', 'leases/other'],
        ['create', 'leases'],
        ['list', 'leases'],
        ['delete', 'leases/ingester'],
        ['get', 'secrets'],
        ['list', 'pods'],
      ]) {
        expect([verb, what, await can(verb, what)]).toEqual([verb, what, false]);
      }
      expect(await can('get', 'leases/ingester', '-n', 'default')).toBe(false);
    });
  });

  // Each test's time is longer than what its steps may take, so that the one that does not come is named.
  describeWithKafka('with two ingesters on one log', ({ brokers }) => {
    let prefix = '';
    const cleanUp: (() => Promise<unknown>)[] = [];
    beforeEach(async () => {
      prefix = `lease-${randomUUID().slice(0, 8)}.`;
      await renew();
    });
    afterEach(async () => {
      for (const clean of cleanUp.splice(0).reverse()) await clean();
    }, 60_000);

    /** Two processes, the first of which leads. */
    async function twoIngesters() {
      const simulator = await startSimulator({ seed: 1, logger: aLogger().logger, market: { ticksPerSecond: 100 } });
      cleanUp.push(() => simulator.close());
      const start = (name: string) => {
        const process = new IngesterProcess({
          ...{ KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix, KAFKA_FEED_PARTITIONS: '2' },
          ...{ TWELVE_DATA_URL: simulator.url, SYMBOLS: 'BTC/USD,ETH/USD' },
          ...{ INGESTER_LEASE: 'ingester', POD_NAME: name, POD_NAMESPACE: namespace, KUBECONFIG: cluster.kubeconfig },
        });
        cleanUp.push(() => process.kill());
        return process;
      };
      const leader = start('ingester-a');
      await leader.says('"msg":"subscribed"');
      const standby = start('ingester-b');
      await standby.says('standing by: ingester-a_');
      return { leader, standby, simulator };
    }

    async function feedRecords(): Promise<readonly FeedRecord[]> {
      const log = await openKafkaLog({ brokers, clientId: 'lease-test', logger: aLogger().logger });
      const topic = `${prefix}market-data.feed`;
      const records: FeedRecord[] = [];
      for (const { partition, lowOffset, highWatermark } of await log.offsets(topic)) {
        for await (const batch of log.read({ topic, partition, fromOffset: lowOffset, toOffset: highWatermark })) {
          records.push(...batch.records.map(record => decodeRecord(record.value)));
        }
      }
      await log.close();
      return records;
    }
    const sessionsOf = (records: readonly FeedRecord[]) =>
      [...new Set(records.flatMap(record => (record.kind === 'session' ? [record.session] : [])))].sort((a, b) => a - b);

    /** What is in the log once this session is. */
    async function recordsWith(session: number): Promise<readonly FeedRecord[]> {
      return eventually(`session ${session} in the log`, async () => {
        const records = await feedRecords();
        return sessionsOf(records).includes(session) && records;
      });
    }

    it('keeps one standing by, ready, without a connection to the vendor', async () => {
      const { leader, standby, simulator } = await twoIngesters();
      expect(await leader.readiness()).toBe('200 ok\nrole: leader\n');
      expect(await standby.readiness()).toBe('200 ok\nrole: standby\n');
      expect([await leader.metric('tapeline_ingester_leader'), await standby.metric('tapeline_ingester_leader')]).toEqual([1, 0]);
      expect(await standby.metric('tapeline_ingester_lease_transitions')).toBe(1);
      expect(simulator.attempts).toHaveLength(1);
    }, 150_000);

    it('lets the standby lead within 5 s of a kill -9, in sessions of its own term', async () => {
      const { leader, standby } = await twoIngesters();
      await leader.kill();
      expect(await standby.says('leading: term 2')).toBeLessThan(5_000);
      const records = await recordsWith(2_000_001);
      expect(await standby.metric('tapeline_ingester_leader')).toBe(1);
      expect(sessionsOf(records)).toEqual([1_000_001, 2_000_001]);
      const second = records.find(record => record.kind === 'session' && record.session === 2_000_001);
      const received = records.flatMap(record => (record.kind === 'tick' && record.session === 1_000_001 ? [record.receivedTimeMs] : []));
      expect(second).toMatchObject({ previous: { session: 1_000_001, lastDataMs: Math.max(...received) } });
    }, 150_000);

    it('lets the standby lead within 2 s of a SIGTERM', async () => {
      const { leader, standby } = await twoIngesters();
      leader.child.kill('SIGTERM');
      expect(await standby.says('leading: term 2')).toBeLessThan(2_000);
      expect(await leader.status).toBe(0);
      expect(sessionsOf(await recordsWith(2_000_001))).toEqual([1_000_001, 2_000_001]);
    }, 150_000);

    it('takes an ingester that stood still for a while back as a standby', async () => {
      const { leader, standby } = await twoIngesters();
      leader.child.kill('SIGSTOP');
      expect(await standby.says('leading: term 2')).toBeLessThan(6_000);
      await recordsWith(2_000_001);
      leader.child.kill('SIGCONT');
      await leader.says('standing by: ingester-b_');
      expect(await leader.readiness()).toBe('200 ok\nrole: standby\n');
      expect(await leader.metric('tapeline_ingester_leader')).toBe(0);
      expect(await standby.readiness()).toBe('200 ok\nrole: leader\n');
      expect(sessionsOf(await feedRecords())).toEqual([1_000_001, 2_000_001]);
    }, 150_000);
  });
});
