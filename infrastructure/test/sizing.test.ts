import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { intervals } from '@tapeline/core/intervals';
import { logBytes, sizingOf, type Workload } from '@tapeline/infrastructure/sizing';
import { withSizingTable, workloads } from '../../scripts/sizing-table.ts';

const document = readFileSync(new URL('../../docs/sizing.md', import.meta.url), 'utf8');
const gibibyte = 2 ** 30;

function aWorkload(over: Partial<Workload> = {}): Workload {
  const usual = { symbols: 1_000, ticksPerSymbolSecond: 0.5, peakFactor: 4, intervals, tickRetentionDays: 30, barYears: 1 } as const;
  return { ...usual, replicationFactor: 3, ...over };
}

describe('docs/sizing.md', () => {
  it('has the table of now: run `npm run sizing-table` after a change of the formula', () => {
    expect(document).toBe(withSizingTable(document));
  });

  it('shows 10, 1,000 and 10,000 symbols', () => {
    expect(workloads.map(([, { symbols }]) => symbols)).toEqual([10, 10, 1_000, 10_000, 10_000]);
  });
});

describe('sizes', () => {
  it('count the bytes of a log by records and batches', () => {
    expect(logBytes(500, 500, 306)).toBe(500 * 315.5 + 500 * 61);
    expect(logBytes(10_000, 100, 306)).toBe(3_161_100);
  });

  it('count a bar for each window with a tick, not for a quiet one', () => {
    const busy = sizingOf(aWorkload({ symbols: 1, ticksPerSymbolSecond: 100, intervals: ['1s', '1m'] }));
    expect(busy.barsPerSecond).toBeCloseTo(1 + 1 / 60, 6);
    const quiet = sizingOf(aWorkload({ symbols: 1, ticksPerSymbolSecond: 1 / 3_600, intervals: ['1s'] }));
    expect(quiet.barsPerSecond).toBeCloseTo(1 / 3_600, 6);
  });

  it('of one symbol that is silent are those of the heartbeats', () => {
    const { kafka } = sizingOf(aWorkload({ symbols: 1, ticksPerSymbolSecond: 0 }));
    // 24 partitions · 4 a second · (179 + 9.5 + 61) bytes
    expect(kafka.bytesPerDay).toBeCloseTo(24 * 4 * 249.5 * 86_400, 0);
  });

  it('keep a week and a quarter of a day of the feed on each of three brokers, at 70 % of the disk', () => {
    const { kafka } = sizingOf(aWorkload({ symbols: 1, ticksPerSymbolSecond: 0 }));
    expect(kafka.diskBytes).toBeCloseTo((24 * 4 * 249.5 * 86_400 * 7.25) / 0.7, 0);
  });

  it('take a number of partitions that is given', () => {
    const { partitions, kafka } = sizingOf(aWorkload({ symbols: 1, ticksPerSymbolSecond: 0, partitions: 4 }));
    expect(partitions).toBe(4);
    expect(kafka.bytesPerDay).toBeCloseTo(4 * 4 * 249.5 * 86_400, 0);
  });

  it('of ticks are none when they are not stored', () => {
    expect(sizingOf(aWorkload({ tickRetentionDays: 0 })).cassandra.tickBytes).toBe(0);
    // 500 a second, 30 days and 11 more until the expired are gone, 49 bytes
    expect(sizingOf(aWorkload()).cassandra.tickBytes).toBe(500 * 86_400 * 41 * 49);
  });

  it('never shrink when there are more symbols', () => {
    const sizings = [1, 10, 100, 1_000, 10_000, 100_000].map(symbols => sizingOf(aWorkload({ symbols })));
    const figures = sizings.map(({ partitions, kafka, processors, cassandra }) => [
      partitions,
      kafka.diskBytes,
      kafka.memoryBytes,
      processors.count,
      processors.snapshotIntervalMs,
      cassandra.nodes,
      cassandra.nodes * cassandra.diskBytes,
    ]);
    for (const [index, now] of figures.slice(1).entries()) {
      for (const [column, value] of now.entries()) expect(value).toBeGreaterThanOrEqual(figures[index]?.[column] ?? 0);
    }
  });

  it('put no more than a tebibyte on a node of Cassandra, and as many nodes into each of three racks', () => {
    const { cassandra } = sizingOf(aWorkload({ symbols: 10_000 }));
    expect(cassandra.nodes % 3).toBe(0);
    expect(cassandra.diskBytes).toBeLessThanOrEqual(1_024 * gibibyte);
  });

  it('of the tiny profile fit a laptop: one broker, one node', () => {
    const { kafka, cassandra } = sizingOf(aWorkload({ symbols: 10, replicationFactor: 1 }));
    expect([kafka.brokers, cassandra.nodes]).toEqual([1, 1]);
    expect(kafka.memoryBytes + cassandra.memoryBytes).toBeLessThan(2.5 * gibibyte);
  });
});
