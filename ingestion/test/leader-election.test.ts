import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { randomOf } from '../../test/support/random.ts';
import { Candidates, wallStartMs } from './support/candidates.ts';
import { settled } from './support/manual-time.ts';

const hourMs = 3_600_000;

describe('leader election', () => {
  it('gives a free Lease to one candidate and lets the other stand by', async () => {
    const all = new Candidates();
    const a = all.start('a');
    const b = all.start('b');
    expect(b.election.problem()).toBe('the Lease has not been read yet');
    await all.time.advance(60_000);
    expect(all.account).toEqual(['0 a leads term 1']);
    expect([a.election.role(), b.election.role()]).toEqual(['leader', 'standby']);
    expect([a.election.problem(), b.election.problem()]).toEqual([undefined, undefined]);
    expect(all.lease.lease).toMatchObject({ holder: 'a', durationMs: 4_000, transitions: 1, acquireTimeMs: wallStartMs });
    expect(await a.registry.metrics()).toMatch(/^tapeline_ingester_leader 1$/m);
    expect(await b.registry.metrics()).toMatch(/^tapeline_ingester_leader 0$/m);
    expect(await b.registry.metrics()).toMatch(/^tapeline_ingester_lease_transitions 1$/m);
    expect(b.lines.map(line => line.msg)).toEqual(['standing by: a leads']);
  });

  it('lets one win when three claim the same version of it', async () => {
    const all = new Candidates();
    for (const name of ['a', 'b', 'c']) all.start(name);
    await all.time.advance(10_000);
    expect(all.account).toEqual(['0 a leads term 1']);
    expect(all.lease.conflicts).toBe(2);
  });

  it.each([0, 0.5, 0.999])('hands over within 5 s when the holder dies (jitter %d)', async jitter => {
    const all = new Candidates();
    const a = all.start('a', { random: () => jitter });
    await settled();
    all.start('b', { random: () => jitter });
    all.start('c', { random: () => jitter });
    await all.time.advance(20_000);
    all.kill(a);
    await all.time.advance(5_000);
    expect(all.account.slice(0, 2)).toEqual(['0 a leads term 1', '20000 a dies']);
    expect(all.account).toHaveLength(3);
    expect(all.account[2]).toMatch(/[bc] leads term 2$/);
    expect(Number.parseInt(all.account[2] ?? '', 10)).toBeLessThanOrEqual(25_000);
  });

  it('hands over at the next look when the holder stops cleanly, and after its work has stopped', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await settled();
    all.start('b');
    await all.time.advance(10_000);
    a.stoppingMs = 2_100;
    a.stop.abort();
    await all.time.advance(2_500);
    await a.election.finished;
    expect(a.way.closed).toBe(true);
    expect(all.account).toEqual(['0 a leads term 1', '12100 a stops', '12375 b leads term 2']);
    expect(all.mostLeaders).toBe(1);
  });

  it('goes on renewing while its work stops, however long that takes', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await settled();
    all.start('b');
    await all.time.advance(10_000);
    a.stoppingMs = 9_000;
    a.stop.abort();
    await all.time.advance(10_000);
    expect(all.account).toEqual(['0 a leads term 1', '19000 a stops', '19125 b leads term 2']);
  });

  it.each([-hourMs, hourMs])('trusts no wall clock: one that is wrong by %d ms changes nothing', async skewMs => {
    const all = new Candidates();
    const a = all.start('a', {}, skewMs);
    await settled();
    all.start('b');
    await all.time.advance(60_000);
    expect(all.lease.lease.renewTimeMs).toBe(wallStartMs + skewMs + 60_000);
    all.kill(a);
    await all.time.advance(5_000);
    expect(all.account).toEqual(['0 a leads term 1', '60000 a dies', '64000 b leads term 2']);
  });

  it('waits out a Lease that it finds, however old its times are, because the holder may be alive', async () => {
    const all = new Candidates({ holder: 'x', durationMs: 15_000, renewTimeMs: wallStartMs - 24 * hourMs, transitions: 7 });
    all.start('a');
    await all.time.advance(20_000);
    expect(all.account).toEqual(['15000 a leads term 8']);
  });

  it('counts the wait from the last renewal and not from the last label', async () => {
    const all = new Candidates({ holder: 'x', durationMs: 4_000, renewTimeMs: wallStartMs, transitions: 1 });
    all.start('a');
    for (let second = 0; second < 4; second++) {
      await all.time.advance(1_000);
      all.lease.lease = { ...all.lease.lease, resourceVersion: String(100 + second) };
    }
    await all.time.advance(500);
    expect(all.account).toEqual(['4000 a leads term 2']);
  });

  it.each(['away', 'silent'] as const)(
    'stops 3 s after its last renewal when the API server is %s, before anybody else begins',
    async condition => {
      const all = new Candidates();
      const a = all.start('a');
      await settled();
      const b = all.start('b');
      await all.time.advance(10_000);
      const renewedMs = (all.lease.lease.renewTimeMs ?? 0) - wallStartMs;
      a.way.condition = condition;
      await all.time.advance(20_000);
      expect(all.account.slice(0, 2)).toEqual(['0 a leads term 1', `${renewedMs + 3_000} a stops`]);
      expect(all.account[2]).toMatch(/ b leads term 2$/);
      expect(all.mostLeaders).toBe(1);
      expect(a.election.problem()).toBe(condition === 'away' ? 'connect ECONNREFUSED' : 'the API server did not answer in time');
      expect(a.lines.filter(line => line.level === 50)).toHaveLength(1);
      expect(a.lines.map(line => line.msg)).toContain('term 1 is lost (not renewed for 3000 ms): feeding stops, standing by');
      a.way.condition = 'well';
      b.stop.abort();
      await all.time.advance(1_000);
      expect(all.account.at(-1)).toMatch(/ a leads term 3$/);
    },
  );

  it('survives an API server that is away for less than the renew deadline', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await settled();
    all.start('b');
    for (let round = 0; round < 10; round++) {
      await all.time.advance(5_000);
      a.way.condition = 'away';
      await all.time.advance(1_500);
      a.way.condition = 'well';
    }
    expect(all.account).toEqual(['0 a leads term 1']);
  });

  it('begins a new term when it leads again itself after the API server was away for all', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await all.time.advance(10_000);
    a.way.condition = 'away';
    await all.time.advance(30_000);
    a.way.condition = 'well';
    await all.time.advance(1_000);
    expect(all.account).toHaveLength(3);
    expect(all.account[2]).toMatch(/^40\d+ a leads term 2$/);
  });

  it('keeps leading while the API server is away and a witness knows of no later term, until it sees another holder', async () => {
    const all = new Candidates();
    const a = all.start('a', { isSucceeded: async () => false });
    await all.time.advance(10_000);
    a.way.condition = 'away';
    await all.time.advance(60_000);
    expect(all.account).toEqual(['0 a leads term 1']);
    a.way.condition = 'well';
    await all.time.advance(5_000);
    expect(all.account).toEqual(['0 a leads term 1']);
    a.way.condition = 'away';
    all.start('b');
    await all.time.advance(10_000);
    a.way.condition = 'well';
    await all.time.advance(1_000);
    expect(all.account.map(line => line.replace(/^\d+ /, ''))).toEqual(['a leads term 1', 'b leads term 2', 'a stops']);
  });

  it('is not robbed of its term by who sees the API server again before it does', async () => {
    for (const jitter of [0, 0.3, 0.7, 0.999]) {
      const all = new Candidates();
      const a = all.start('a', { isSucceeded: async () => false, random: () => jitter });
      await settled();
      const b = all.start('b', { random: () => 1 - jitter });
      await all.time.advance(10_000);
      for (const each of [a, b]) each.way.condition = 'silent';
      await all.time.advance(30_000);
      b.way.condition = 'well';
      await all.time.advance(400);
      a.way.condition = 'well';
      await all.time.advance(20_000);
      expect(all.account).toEqual(['0 a leads term 1']);
    }
  });

  it('stops when the witness knows of a later term, and not when it fails or is silent', async () => {
    const all = new Candidates();
    const asked: number[] = [];
    let witness = async (): Promise<boolean> => await Promise.reject(new Error('the log is away'));
    const a = all.start('a', {
      isSucceeded: async term => {
        asked.push(term);
        return await witness();
      },
    });
    await all.time.advance(10_000);
    expect(asked).toEqual([]);
    a.way.condition = 'away';
    await all.time.advance(10_000);
    witness = () => new Promise(() => undefined);
    await all.time.advance(10_000);
    expect(all.account).toEqual(['0 a leads term 1']);
    witness = async () => true;
    await all.time.advance(3_000);
    expect(all.account).toHaveLength(2);
    expect(all.account[1]).toMatch(/ a stops$/);
    expect(new Set(asked)).toEqual(new Set([1]));
    expect(a.lines.map(line => line.msg)).toContain('term 1 is lost (the log shows a later one): feeding stops, standing by');
  });

  it('stops at once when it sees that another one holds the Lease', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await all.time.advance(10_000);
    all.lease.lease = { ...all.lease.lease, holder: 'stranger', transitions: 9, resourceVersion: '900' };
    await all.time.advance(1_000);
    expect(all.account).toEqual(['0 a leads term 1', '10500 a stops']);
    expect(a.lines.map(line => line.msg)).toContain('term 1 is lost (the holder is stranger): feeding stops, standing by');
    expect(all.lease.lease.holder).toBe('stranger');
  });

  it('goes on when somebody else changed a label of its Lease', async () => {
    const all = new Candidates();
    all.start('a');
    await all.time.advance(10_000);
    all.lease.lease = { ...all.lease.lease, resourceVersion: '900' };
    await all.time.advance(60_000);
    expect(all.account).toEqual(['0 a leads term 1']);
    expect(all.lease.conflicts).toBe(1);
  });

  it('never uses a term twice when the answers to its claims are lost', async () => {
    const all = new Candidates();
    const a = all.start('a');
    a.way.condition = 'answers lost';
    await all.time.advance(1_000);
    expect(all.account).toEqual([]);
    expect(all.lease.lease).toMatchObject({ holder: 'a', transitions: 3 });
    a.way.condition = 'well';
    await all.time.advance(1_000);
    expect(all.account).toEqual(['1125 a leads term 4']);
  });

  it('goes on when the answers to its renewals are lost now and then', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await settled();
    all.start('b');
    for (let round = 0; round < 20; round++) {
      await all.time.advance(2_000);
      a.way.condition = 'answers lost';
      await all.time.advance(750);
      a.way.condition = 'well';
    }
    expect(all.account).toEqual(['0 a leads term 1']);
    expect(all.lease.conflicts).toBeGreaterThan(10);
  });

  it('loses its term when its process stood still for too long, without a request', async () => {
    const all = new Candidates();
    let aheadMs = 0;
    all.start('a', { clock: () => all.time.clock() + aheadMs });
    await all.time.advance(10_000);
    const { writes } = all.lease;
    aheadMs = 8_000;
    await all.time.advance(500);
    expect(all.account.slice(0, 2)).toEqual(['0 a leads term 1', '10500 a stops']);
    expect(all.lease.writes - writes).toBeLessThanOrEqual(1);
  });

  it('raises its term on request, and says so only when the Lease does', async () => {
    const all = new Candidates({ transitions: 2 });
    const a = all.start('a');
    await settled();
    expect(await a.leadership?.raiseTerm(3)).toBe(3);
    const raised = a.leadership?.raiseTerm(41);
    a.way.condition = 'away';
    await all.time.advance(1_000);
    expect(all.lease.lease.transitions).toBe(3);
    a.way.condition = 'well';
    await all.time.advance(1_000);
    expect(await raised).toBe(41);
    expect(all.lease.lease).toMatchObject({ holder: 'a', transitions: 41 });
    expect(await a.registry.metrics()).toMatch(/^tapeline_ingester_lease_transitions 41$/m);
  });

  it('answers a raise with nothing when the term ends before', async () => {
    const all = new Candidates();
    const a = all.start('a');
    await settled();
    a.way.condition = 'away';
    const raised = a.leadership?.raiseTerm(9);
    await all.time.advance(4_000);
    expect(await raised).toBeUndefined();
  });

  it('ends with what its work threw, and lets the Lease go first', async () => {
    const all = new Candidates();
    const refused = new PipelineError('feed.key-refused', 'the key was refused', { retriable: false });
    const a = all.start('a', {
      lead: async () => {
        throw refused;
      },
    });
    await expect(a.election.finished).rejects.toBe(refused);
    expect(all.lease.lease).toMatchObject({ holder: undefined, transitions: 1 });
  });

  it('leads again under a new term when its work ended by itself', async () => {
    const all = new Candidates();
    const terms: number[] = [];
    all.start('a', { lead: async ({ term }) => void terms.push(term) });
    await all.time.advance(1_000);
    expect(terms).toEqual([1, 2, 3]);
  });

  it('has no two leaders and no term twice in a day of random trouble', async () => {
    for (const seed of [1, 2, 3]) {
      const random = randomOf(seed);
      const all = new Candidates();
      const some = ['a', 'b', 'c'].map((name, index) => all.start(name, { random: random.next }, (index - 1) * hourMs));
      for (let minute = 0; minute < 500; minute++) {
        for (const one of some) one.way.condition = random.pick(['well', 'well', 'well', 'away', 'silent', 'answers lost'] as const);
        await all.time.advance(random.below(8_000));
      }
      const terms = all.account.flatMap(line => /leads term (\d+)/.exec(line)?.[1] ?? []).map(Number);
      expect(terms.length).toBeGreaterThan(50);
      expect(new Set(terms).size).toBe(terms.length);
      expect(terms).toEqual([...terms].sort((x, y) => x - y));
      expect(all.mostLeaders).toBe(1);
    }
  }, 60_000);
});
