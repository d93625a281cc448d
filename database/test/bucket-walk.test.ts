import { describe, expect, it } from '@jest/globals';
import { walkBuckets } from '@tapeline/database/cassandra/bucket-walk';

const dayMs = 86_400_000;
const at = (text: string) => Date.parse(text);

/** Days that hold rows, and a note of which were read. */
function days(rows: Readonly<Record<string, readonly string[]>>) {
  const read: string[] = [];
  let scans = 0;
  return {
    read,
    scans: () => scans,
    walk: (fromMs: number, toMs: number, limit: number, order: 'ascending' | 'descending' = 'ascending', mostCounted?: number) =>
      walkBuckets({
        span: 'day',
        range: { fromMs, toMs, order },
        limit,
        ...(mostCounted === undefined ? {} : { mostCounted }),
        read: async (bucket, most) => {
          read.push(bucket);
          return (rows[bucket] ?? []).slice(0, most);
        },
        existing: async () => {
          scans += 1;
          return Object.keys(rows);
        },
      }),
  };
}

describe('reading bucket by bucket', () => {
  it('reads one bucket when it holds enough', async () => {
    const store = days({ '2024-11-05': ['e', 'f', 'g'], '2024-11-04': ['c'] });
    expect(await store.walk(0, at('2024-11-06'), 2, 'descending')).toEqual(['e', 'f']);
    expect(store.read).toEqual(['2024-11-05']);
  });

  it('goes on until there are enough, and keeps the order', async () => {
    const store = days({ '2024-11-01': ['a', 'b'], '2024-11-03': ['c'], '2024-11-04': ['d', 'e'] });
    expect(await store.walk(at('2024-11-01'), at('2024-11-05'), 4)).toEqual(['a', 'b', 'c', 'd']);
    expect(await store.walk(at('2024-11-01'), at('2024-11-05'), 100)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('asks which buckets there are after a thousand, and reads only those', async () => {
    const store = days({ '1999-12-31': ['a'], '2015-06-01': ['b'], '2024-11-03': ['c'], '2030-01-01': ['later'] });
    expect(await store.walk(0, at('2024-11-04'), 100)).toEqual(['a', 'b', 'c']);
    expect(store.scans()).toBe(1);
    expect(store.read).toHaveLength(1_003);
    expect(await store.walk(0, at('2024-11-04'), 100, 'descending')).toEqual(['c', 'b', 'a']);
  });

  it('asks sooner where that is cheaper', async () => {
    const store = days({ '2015-06-01': ['b'], '2024-11-03': ['c'] });
    expect(await store.walk(0, at('2024-11-04'), 100, 'descending', 3)).toEqual(['c', 'b']);
    expect([store.scans(), store.read.length]).toEqual([1, 4]);
  });

  it('does not ask within a thousand', async () => {
    const store = days({ '2024-11-03': ['c'] });
    expect(await store.walk(at('2024-11-03') - 900 * dayMs, at('2024-11-04'), 100)).toEqual(['c']);
    expect(store.scans()).toBe(0);
  });

  it('reads nothing for an empty range', async () => {
    const store = days({ '2024-11-03': ['c'] });
    expect(await store.walk(at('2024-11-03'), at('2024-11-03'), 100)).toEqual([]);
    expect(store.read).toEqual([]);
  });
});
