import { describe, expect, it } from '@jest/globals';
import { intervalMs, intervals } from '@tapeline/core/intervals';
import { barBucketSpan, bucketOf, bucketsIn, isBucketIn } from '@tapeline/database/cassandra/buckets';
import fc from 'fast-check';

const at = (text: string) => Date.parse(text);
const spans = ['hour', 'half-day', 'day', 'month', 'year', 'all'] as const;

describe('buckets of time', () => {
  it('are named by the text of their beginning', () => {
    const timeMs = at('2024-11-03T17:45:12.345Z');
    expect(spans.map(span => bucketOf(span, timeMs))).toEqual(['2024-11-03T17', '2024-11-03T12', '2024-11-03', '2024-11', '2024', 'all']);
    expect(bucketOf('half-day', at('2024-11-03T11:59:59.999Z'))).toBe('2024-11-03T00');
  });

  it('begin where the one before ends: half-open ranges touch no bucket beyond', () => {
    const midnight = at('2024-03-01T00:00:00.000Z');
    expect([...bucketsIn('day', { fromMs: midnight - 1, toMs: midnight })]).toEqual(['2024-02-29']);
    expect([...bucketsIn('day', { fromMs: midnight - 1, toMs: midnight + 1 })]).toEqual(['2024-02-29', '2024-03-01']);
    expect([...bucketsIn('day', { fromMs: midnight, toMs: midnight })]).toEqual([]);
  });

  it('come in the order asked for, across years', () => {
    const range = { fromMs: at('2023-11-30T23:59:59.999Z'), toMs: at('2024-02-01T00:00:00.001Z') };
    const months = ['2023-11', '2023-12', '2024-01', '2024-02'];
    expect([...bucketsIn('month', range)]).toEqual(months);
    expect([...bucketsIn('month', { ...range, order: 'descending' })]).toEqual(months.toReversed());
    expect([...bucketsIn('all', { ...range, order: 'descending' })]).toEqual(['all']);
    expect([...bucketsIn('year', { fromMs: -5, toMs: at('1972-01-01T00:00:00.000Z'), order: 'descending' })]).toEqual(['1971', '1970']);
  });

  it('hold fewer than 50,000 bars of any interval; days for more than a century', () => {
    const lengthDays = { hour: 1 / 24, 'half-day': 0.5, day: 1, month: 31, year: 366, all: 50_000 };
    for (const interval of intervals.filter(name => name !== '1d')) {
      expect((lengthDays[barBucketSpan(interval)] * 86_400_000) / intervalMs(interval)).toBeLessThan(50_000);
    }
    expect(barBucketSpan('1d')).toBe('all');
  });

  it('of a range are those of the times in it, in both orders, each once, and sort as they come', () => {
    const timeMs = fc.integer({ min: 0, max: at('2100-01-01T00:00:00.000Z') });
    fc.assert(
      fc.property(
        fc.constantFrom(...spans),
        timeMs,
        fc.integer({ min: 1, max: 5 * 86_400_000 }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (span, fromMs, length, part) => {
          const range = { fromMs, toMs: fromMs + length };
          const buckets = [...bucketsIn(span, range)];
          const bucket = bucketOf(span, Math.min(fromMs + Math.floor(part * length), range.toMs - 1));
          expect(buckets).toContain(bucket);
          expect(isBucketIn(span, bucket, range)).toBe(true);
          expect(buckets.every(name => isBucketIn(span, name, range))).toBe(true);
          expect(new Set(buckets).size).toBe(buckets.length);
          expect(buckets.toSorted()).toEqual(buckets);
          expect([...bucketsIn(span, { ...range, order: 'descending' })]).toEqual(buckets.toReversed());
        },
      ),
    );
  });
});
