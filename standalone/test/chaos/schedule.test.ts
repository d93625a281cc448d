import { describe, expect, it } from '@jest/globals';
import { numberOf, priceOf } from './ledger.ts';
import { brokers, drawSchedule, ingesters, kinds, processors, type Step } from './schedule.ts';

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

/** How long a server that was killed may take beyond its time before the schedule gives it up to another fault. */
const isOfBroker = ({ do: kind }: Step): boolean => kind.endsWith('-broker');
const overlap = (a: Step, b: Step): boolean => a.atMs < b.atMs + b.forMs && b.atMs < a.atMs + a.forMs;

describe('a schedule of chaos', () => {
  it('is the same whenever it is drawn from the same seed', () => {
    expect(drawSchedule(7, 10)).toEqual(drawSchedule(7, 10));
    expect(drawSchedule(7, 10)).not.toEqual(drawSchedule(8, 10));
  });

  it('has every kind of fault in half an hour', () => {
    for (const seed of seeds) expect(new Set(drawSchedule(seed, 30).steps.map(step => step.do))).toEqual(new Set(kinds));
  });

  it('numbers its steps in the order of their times', () => {
    for (const seed of seeds) {
      const { steps } = drawSchedule(seed, 10);
      expect(steps.map(({ step }) => step)).toEqual(steps.map((_, index) => index + 1));
      expect(steps.map(({ atMs }) => atMs)).toEqual(steps.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    }
  });

  it('lets each fault end, and the last one before the end', () => {
    for (const seed of seeds) {
      for (const { atMs, forMs } of drawSchedule(seed, 10).steps) {
        expect(forMs).toBeLessThanOrEqual(20_000);
        expect(atMs).toBeLessThan(10 * 60_000);
      }
    }
  });

  it('never lays hands on two brokers at once', () => {
    for (const seed of seeds) {
      const steps = drawSchedule(seed, 30).steps.filter(isOfBroker);
      for (const [index, step] of steps.entries()) expect(steps.slice(index + 1).filter(other => overlap(step, other))).toEqual([]);
    }
  });

  it('has steps of which nothing else is near, a tenth at least', () => {
    for (const seed of seeds) {
      const { steps } = drawSchedule(seed, 30);
      const alone = steps.filter(step => step.alone);
      expect(alone.length).toBeGreaterThan(steps.length / 10);
      for (const step of alone) expect(steps.filter(({ group }) => group === step.group)).toEqual([step]);
    }
  });

  it('has several faults at work at once', () => {
    const steps = drawSchedule(1, 30).steps;
    expect(steps.some(step => steps.some(other => other !== step && overlap(step, other)))).toBe(true);
  });

  it('names only parts that there are', () => {
    for (const { do: kind, target } of seeds.flatMap(seed => drawSchedule(seed, 10).steps)) {
      if (target === undefined) continue;
      const count = kind.endsWith('ingester') || kind.endsWith('vendor') ? ingesters : kind.endsWith('processor') ? processors : brokers;
      expect(target).toBeGreaterThanOrEqual(1);
      expect(target).toBeLessThanOrEqual(count);
    }
  });
});

describe('a price of the ledger', () => {
  it('tells its number', () => {
    for (const number of [1, 2, 3, 1_000, 54_321, 999_999, 1_000_002]) expect(numberOf(priceOf(number))).toBe(number);
  });

  it('is like no other', () => {
    expect(new Set(Array.from({ length: 100_000 }, (_, number) => priceOf(number + 1))).size).toBe(100_000);
  });

  it.each([0, 1_000, 999.5, 1_100.5, 1_000.00005])('is none of %d', price => expect(numberOf(price)).toBeUndefined());
});
