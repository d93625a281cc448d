import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { openKafkaLog } from '../src/kafka-log.ts';
import type { MarketLog, PartitionClaim } from '../src/market-log.ts';
import { aGroup, aTopic, joinGroup, someEntries, take, textOf } from './support/log-reading.ts';
import { patienceMs, runScript } from './support/running-process.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

describeWithKafka('a group of several members', ({ brokers }) => {
  let log: MarketLog;
  beforeAll(async () => {
    log = await openKafkaLog({ brokers, clientId: 'log-test', logger });
  }, 60_000);
  afterAll(() => log.close(), 60_000);

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

    await pause(500);
    const appended = await feeding.stop();
    await eventually('what stays has every record', () => kept.every(partition => seen[partition]?.texts.length === appended), patienceMs);
    for (const partition of kept) expect(seen[partition]?.texts).toEqual(Array.from({ length: appended }, (_, index) => String(index)));
    expect(first.claims).toHaveLength(4);
    for (const read of seen) await read.stop();
    await Promise.all([first.leave(), second.leave()]);
  }, 120_000);

  it('gives members of another topic the partitions of that one, where two pipelines have one group', async () => {
    const [ours, theirs] = [await aTopic(log, 3), await aTopic(log, 2)];
    const group = aGroup();
    const first = joinGroup(log, ours, group);
    await Promise.all([0, 1, 2].map(partition => first.claim(partition)));
    const second = joinGroup(log, theirs, group);
    await Promise.all([0, 1].map(partition => second.claim(partition)));
    expect(first.claims.filter(claim => !claim.lost.aborted).map(claim => claim.partition)).toEqual([0, 1, 2]);
    const third = joinGroup(log, theirs, group);
    await eventually('the third member has one of the two', () => third.claims.length === 1, patienceMs);
    await Promise.all([first.leave(), second.leave(), third.leave()]);
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
    const { first, second, lost } = await aLostClaim();
    await second.claim(lost.partition);
    await second.leave();
    await pause(3_000);
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
    for (const claim of await Promise.all([member.claim(0), member.claim(1)])) claim.lost.addEventListener('abort', () => claim.release());
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
    const { first, second, lost } = await aLostClaim();
    await lost.commit(0);
    const next = await second.claim(lost.partition);
    expect(next.committedOffset).toBeUndefined();
    await Promise.all([first.leave(), second.leave()]);
  }, 120_000);

  /** A member that had both partitions until a second one came, and its claim of the one that went there: for a moment it may lose both. */
  async function aLostClaim() {
    const topic = await aTopic(log, 2);
    const group = aGroup();
    const first = joinGroup(log, topic, group);
    const claims = await Promise.all([first.claim(0), first.claim(1)]);
    const second = joinGroup(log, topic, group);
    await eventually('the second member has one', () => second.claims.length > 0, patienceMs);
    const lost = claims.find(({ partition }) => partition === second.claims[0]?.partition) as PartitionClaim;
    await eventually('the first member knows that it lost it', () => lost.lost.aborted, patienceMs);
    return { first, second, lost };
  }
});

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
      await pause(10);
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
