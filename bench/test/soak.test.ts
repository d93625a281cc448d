import { describe, expect, it } from '@jest/globals';
import { verdictsOf } from '../src/soak.ts';
import { afterWarmUp, flatnessOf, slopeOf } from '../src/soak-slope.ts';
import { type SoakSample, summaryOf } from '../src/soak-summary.ts';

const mebibyte = 2 ** 20;
const every10s = (count: number, valueAt: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ({ atMs: index * 10_000, value: valueAt(index) }));

describe('the slope of samples', () => {
  it('is that of a straight line, and its interval is no wider', () => {
    expect(slopeOf(every10s(7, index => 100 + index * 20))).toEqual({ perSecond: 2, low: 2, high: 2, median: 160 });
  });

  it('does not follow a fifth of the samples that are far off', () => {
    const slope = slopeOf(every10s(50, index => (index % 5 === 4 ? 1_000_000 : 500 + index)));
    expect(slope.perSecond).toBeCloseTo(0.1, 2);
  });

  it('has the interval of Sen: of 7 values in the order 1 3 2 4 6 5 7 the 4th and the 18th of 21 slopes', () => {
    const values = [1, 3, 2, 4, 6, 5, 7];
    const slope = slopeOf(values.map((value, index) => ({ atMs: index * 1_000, value })));
    expect(slope.perSecond).toBe(1);
    expect(slope.low).toBe(0.5);
    expect(slope.high).toBe(2);
  });

  it('of what only sways is nothing, within an interval around nothing', () => {
    const slope = slopeOf(every10s(40, index => 200 + (index % 4)));
    expect(slope.perSecond).toBe(0);
    expect(slope.low).toBeLessThanOrEqual(0);
    expect(slope.high).toBeGreaterThanOrEqual(0);
  });

  it('needs three samples', () => {
    expect(() => slopeOf(every10s(2, index => index))).toThrow('a slope needs three samples at least, there are 2');
  });
});

describe('flat', () => {
  it('is less than 10 MiB an hour, or than 3 % of what there is', () => {
    const growing = (startMb: number, mbPerHour: number) =>
      flatnessOf(every10s(60, index => (startMb + (mbPerHour * index) / 360) * mebibyte));
    expect(growing(100, 9.9).isFlat).toBe(true);
    expect(growing(100, 10.1).isFlat).toBe(false);
    expect(growing(1_000, 29).isFlat).toBe(true);
    expect(growing(1_000, 31).isFlat).toBe(false);
    expect(growing(100, -50).isFlat).toBe(true);
  });

  it('leaves out the first sixth of the time', () => {
    const warm = afterWarmUp(every10s(13, index => index));
    expect(warm.map(({ value }) => value)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});

describe('the summary of a soak', () => {
  const sampleAt = (index: number): SoakSample => ({
    atMs: index * 10_000,
    sent: index * 1_000,
    acked: index * 1_000 - 5,
    processed: index * 1_000 - 5 - (index % 3),
    lost: 0,
    ackP99Ms: 20 + index,
    processes: {
      ingester: {
        residentBytes: 100 * mebibyte,
        cpuSeconds: index,
        heapUsedBytes: 20 * mebibyte,
        handles: 7,
        files: 30,
        sockets: 4 + index,
      },
      'stream processor': { residentBytes: (100 + index) * mebibyte, cpuSeconds: index, files: 30, sockets: 4 },
      Kafka: { residentBytes: (500 + 5 * index) * mebibyte, cpuSeconds: index, files: 30, sockets: 4 },
    },
    disks: { Cassandra: index * 1_000 },
  });
  const values = summaryOf(Array.from({ length: 37 }, (_, index) => sampleAt(index)));

  it('says how each process grows, how far behind results were, and what the disks took', () => {
    expect(values).toMatchObject({ seconds: 360, samples: 37, sent: 36_000, lost: 0, lagMost: 2, ackP99Ms: 56, 'disk Cassandra': 360_000 });
    expect(values).toMatchObject({ 'growth ingester': 0, 'flat ingester': 1, 'sockets ingester': 30, 'heap ingester': 20 * mebibyte });
    expect(values['growth stream processor']).toBeCloseTo(360 * mebibyte, 0);
    expect(values['flat stream processor']).toBe(0);
  });

  it('gives a verdict for each process, but not for servers with heaps of their own', () => {
    expect(verdictsOf(values).map(line => line.split(';')[0])).toEqual(['ingester: flat', 'stream processor: GROWS', 'Kafka: not judged']);
  });

  it('needs two minutes', () => {
    expect(() => summaryOf([sampleAt(0), sampleAt(1)])).toThrow('2 samples, expected 12 at least: let the soak run for two minutes');
  });
});
