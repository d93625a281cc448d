/** Reads a range of time that lies in several partitions: bucket by bucket in the order asked for, until there are rows enough. */
import { type BucketRange, type BucketSpan, bucketsIn, isBucketIn } from './buckets.ts';

export interface BucketWalk<Row> {
  readonly span: BucketSpan;
  readonly range: BucketRange;
  readonly limit: number;
  /** Rows of one bucket, at most `limit`, in the order of the range. */
  read(bucket: string, limit: number): Promise<readonly Row[]>;
  /** The buckets that there are, in any order. Costly: asked only by a range of more buckets than are worth counting through. */
  existing(): Promise<readonly string[]>;
  /** So many are worth it: few where the table has no other partitions than its buckets. @default 1,000 */
  readonly mostCounted?: number;
}

const mostAtOnce = 16;

/** Rows of the range; the first bucket is read alone, then twice as many at a time, so that a small limit reads little. */
export async function walkBuckets<Row>(walk: BucketWalk<Row>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let atOnce = 1;
  let group: string[] = [];
  const readGroup = async () => {
    const parts = await Promise.all(group.map(bucket => walk.read(bucket, walk.limit - rows.length)));
    for (const part of parts) rows.push(...part.slice(0, walk.limit - rows.length));
    group = [];
    atOnce = Math.min(atOnce * 2, mostAtOnce);
  };
  for await (const bucket of candidates(walk)) {
    group.push(bucket);
    if (group.length < atOnce) continue;
    await readGroup();
    if (rows.length >= walk.limit) return rows;
  }
  await readGroup();
  return rows;
}

async function* candidates<Row>({ span, range, existing, mostCounted = 1_000 }: BucketWalk<Row>): AsyncGenerator<string> {
  const counted = new Set<string>();
  for (const bucket of bucketsIn(span, range)) {
    if (counted.size === mostCounted) break;
    counted.add(bucket);
    yield bucket;
  }
  if (counted.size < mostCounted) return;
  const others = (await existing()).filter(bucket => isBucketIn(span, bucket, range) && !counted.has(bucket)).sort();
  yield* range.order === 'descending' ? others.reverse() : others;
}
