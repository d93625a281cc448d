import { describe, expect, it } from '@jest/globals';
import { type CapacityStep, isCarried, nextRate } from '../src/load-capacity.ts';
import { faultOf } from '../src/load-figure.ts';
import { loadProfileNamed, pacesOf } from '../src/load-profiles.ts';
import { dueAfter, secondsOf } from '../src/pace.ts';
import { sumOfMetric } from '../src/process-sample.ts';

describe('a profile', () => {
  it('of bursts has a second of ten times the mean in each twenty, and the mean all in all', () => {
    const paces = pacesOf(true, 10_000, 60);
    expect(paces.filter(({ perSecond }) => perSecond === 100_000)).toHaveLength(3);
    expect(secondsOf(paces)).toBeCloseTo(60);
    expect(dueAfter(paces, 60_000) / 60).toBeCloseTo(10_000, -1);
  });

  it('of bursts that is too short for a rest is lengthened until the burst is ten times the mean', () => {
    const paces = pacesOf(true, 1_000, 5);
    expect(secondsOf(paces)).toBe(10);
    expect(dueAfter(paces, 10_000)).toBe(10_000);
  });

  it('takes a share of what the machine carries, in whole thousands', () => {
    expect(loadProfileNamed('share').meanOf(123_456)).toBe(74_000);
    expect(loadProfileNamed('bursts-share').meanOf(123_456)).toBe(7_000);
    expect(loadProfileNamed('bursts-2500').meanOf(123_456)).toBe(2_500);
  });

  it('that nobody knows is refused with those that there are', () => {
    expect(() => loadProfileNamed('fast')).toThrow('"fast" is not a profile, expected some of 10k, 100k, share');
  });
});

describe('paces', () => {
  it('say how many are due at any moment', () => {
    const paces = [
      { perSecond: 100, seconds: 2 },
      { perSecond: 0, seconds: 1 },
      { perSecond: 1_000, seconds: 0.5 },
    ];
    expect([0, 15, 1_000, 2_500, 3_250, 9_000].map(elapsedMs => dueAfter(paces, elapsedMs))).toEqual([0, 1, 100, 200, 450, 700]);
  });
});

describe('the search for what a machine carries', () => {
  const step = (perSecond: number, carries: number): CapacityStep => ({
    perSecond,
    lost: 0,
    growthPerSecond: Math.max(0, perSecond - carries),
    behindSeconds: perSecond > carries ? 10 : 0.1,
  });

  it('raises the rate by half and then narrows it down to a tenth', () => {
    const steps: CapacityStep[] = [];
    for (let rate = nextRate(steps); rate !== undefined; rate = nextRate(steps)) steps.push(step(rate, 110_000));
    const carried = Math.max(...steps.filter(isCarried).map(({ perSecond }) => perSecond));
    expect(steps.slice(0, 3).map(({ perSecond }) => perSecond)).toEqual([20_000, 30_000, 45_000]);
    expect(carried).toBeLessThanOrEqual(110_000);
    expect(carried).toBeGreaterThan(100_000);
  });

  it('goes down where the first rate is too much, and ends', () => {
    const steps: CapacityStep[] = [];
    for (let rate = nextRate(steps); rate !== undefined; rate = nextRate(steps)) steps.push(step(rate, 3_000));
    expect(Math.max(...steps.filter(isCarried).map(({ perSecond }) => perSecond))).toBeGreaterThan(2_500);
    expect(steps.length).toBeLessThan(12);
  });

  it('takes no rate at which something was lost', () => {
    expect(isCarried({ perSecond: 1_000, lost: 1, growthPerSecond: 0, behindSeconds: 0 })).toBe(false);
  });
});

describe('the account of a turn', () => {
  const values = { sent: 100, inLog: 90, inGaps: 10, refused: 0, unaccounted: 0, twiceInLog: 0, bars: 5, differentBars: 0 };
  const turn = { subject: '10k', round: 1, values };

  it('adds up when each tick is in the log or in a gap record', () => {
    expect(faultOf(turn)).toBeUndefined();
  });

  it('has a fault where a tick is nowhere, a tick stands twice, or a bar differs', () => {
    expect(faultOf({ ...turn, values: { ...values, unaccounted: 3 } })).toContain('3 unaccounted for');
    expect(faultOf({ ...turn, values: { ...values, twiceInLog: 2 } })).toBe('load 10k, round 1: 2 ticks stand twice in the log');
    expect(faultOf({ ...turn, values: { ...values, differentBars: 1 } })).toBe('load 10k, round 1: 1 bars differ from those of a replay');
  });
});

describe('the text of metrics', () => {
  it('gives the sum over labels of a name, and not of those that begin alike', () => {
    const text = '# HELP lag x\nlag{partition="0"} 3\nlag{partition="1"} 4.5\nlag_total 100\n';
    expect(sumOfMetric(text, 'lag')).toBe(7.5);
    expect(sumOfMetric(text, 'absent')).toBeUndefined();
  });
});
