/**
 * Which partitions a query names.
 *
 * Tables keep a bucket of time in their partition keys (`database/src/cassandra/buckets.ts`), and the plug-in cannot compute it. Grafana's
 * own `${__to:date:YYYY-MM}` names it in the zone of the browser, and cannot count back. So hidden variables ask Cassandra, which counts in
 * UTC: the day, month and year of the end of the time shown, and those before it. They are asked again whenever that time changes.
 *
 * Counting back from the end keeps every picture whole: of a range that is too long for its interval the oldest part is left out, at
 * the left, and never something in the middle.
 */
import { QueryVariableBuilder, VariableHide, VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard';
import { cassandraSource } from './sources.ts';

/** What a dashboard asks for, and so which hidden variables it has. */
export type BucketUnit = 'day' | 'month' | 'year';

/** How many of each are named: with the last, the two before. */
const counted = [0, 1, 2] as const;

const units: Readonly<Record<BucketUnit, { readonly step: (count: number) => string; readonly regex: string }>> = {
  day: { step: count => `${count}d`, regex: '/^(.{10})/' },
  month: { step: count => `${count}mo`, regex: '/^(.{7})/' },
  year: { step: count => `${count}y`, regex: '/^(.{4})/' },
};

/** One row, whose only value is a text as `2024-11-03`; the regex leaves of it what the bucket is named by. */
function bucketVariable(unit: BucketUnit, count: number): QueryVariableBuilder {
  const { step, regex } = units[unit];
  const day = count === 0 ? 'toDate((timestamp)${__to})' : `toDate((timestamp)\${__to} - ${step(count)})`;
  const query = `SELECT CAST(${day} AS text) AS bucket FROM system.local WHERE key = 'local'`;
  return new QueryVariableBuilder(`${unit}${count}`)
    .datasource(cassandraSource)
    .query({ query })
    .definition(query)
    .regex(regex)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .hide(VariableHide.HideVariable);
}

/** The hidden variables that `barBuckets`, `dayBuckets` and `hourBuckets` need. */
export function bucketVariables(...asked: readonly BucketUnit[]): QueryVariableBuilder[] {
  return asked.flatMap(unit => counted.map(count => bucketVariable(unit, count)));
}

/** What people are told under a panel of bars. */
export const reach =
  'Shown are at least the newest 24 hours of 1s, two days of 5s and 15s, two months of 1m and 5m, two years of 15m and 1h, and all of 1d; for longer choose a larger interval.';

/** Buckets of bars, whatever the interval: those of other intervals do not exist and cost a look each. Needs days, months and years. */
export const barBuckets = texts([
  ...['${day1}T00', '${day1}T12', '${day0}T00', '${day0}T12'],
  ...counted.flatMap(count => [`\${day${count}}`, `\${month${count}}`, `\${year${count}}`]),
  'all',
]);

/** Days of the last month shown and of the one before: the newest 28 days at least. Needs months. */
export const dayBuckets = texts(['${month1}', '${month0}'].flatMap(month => numbers(1, 31).map(day => `${month}-${day}`)));

/** Hours of the last day shown and of the one before: the newest 24 hours at least. Needs days. */
export const hourBuckets = texts(['${day1}', '${day0}'].flatMap(day => numbers(0, 23).map(hour => `${day}T${hour}`)));

function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index).padStart(2, '0'));
}

function texts(buckets: readonly string[]): string {
  return `(${buckets.map(bucket => `'${bucket}'`).join(',')})`;
}
