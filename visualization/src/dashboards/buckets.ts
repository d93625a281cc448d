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
import type { Interval } from '@tapeline/core/intervals';
import { type BucketSpan, barBucketSpan } from '@tapeline/database/cassandra/buckets';
import { cassandraSource } from './sources.ts';

/** What a dashboard of many symbols offers: of bars of seconds a day would be a million rows. */
export const coarseIntervals = ['1m', '5m', '15m', '1h', '1d'] as const satisfies readonly Interval[];

/** How many units back from the end of the time shown are named. */
const counted = [0, 1, 2] as const;

/** A unit, how CQL counts back in it, and what of a text as `2024-11-03` names a bucket. */
const units = {
  day: { step: 'd', regex: '/^(.{10})/' },
  month: { step: 'mo', regex: '/^(.{7})/' },
  year: { step: 'y', regex: '/^(.{4})/' },
} as const;
type Unit = keyof typeof units;

/** The hidden variables that a text names, in their order. */
export function bucketVariablesIn(text: string): QueryVariableBuilder[] {
  const asked = (Object.keys(units) as Unit[]).flatMap(unit => counted.map(count => ({ unit, count })));
  return asked.filter(({ unit, count }) => text.includes(`\${${unit}${count}}`)).map(({ unit, count }) => bucketVariable(unit, count));
}

/** One row with one value; every role may read `system.local`. */
function bucketVariable(unit: Unit, count: number): QueryVariableBuilder {
  const { step, regex } = units[unit];
  const back = count === 0 ? '' : ` - ${count}${step}`;
  const query = `SELECT CAST(toDate((timestamp)\${__to}${back}) AS text) AS bucket FROM system.local WHERE key = 'local'`;
  return new QueryVariableBuilder(`${unit}${count}`)
    .datasource(cassandraSource)
    .query({ query })
    .definition(query)
    .regex(regex)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .hide(VariableHide.HideVariable);
}

/** Buckets of bars of these intervals, all in one list: those of other intervals than the chosen one do not exist, and cost a look each. */
export function barBuckets(offered: readonly Interval[]): string {
  return texts([...new Set(offered.map(barBucketSpan))].flatMap(bucketsOf));
}

/** Days of the last month shown and of the one before: the newest 28 days at least. */
export const dayBuckets = texts(['${month1}', '${month0}'].flatMap(month => numbers(1, 31).map(day => `${month}-${day}`)));

/** Hours of the last day shown and of the one before: the newest 24 hours at least. */
export const hourBuckets = texts(bucketsOf('hour'));

/** What people are told under a panel of bars. */
export function reachOf(offered: readonly Interval[]): string {
  const seconds = offered.includes('1s') ? 'the newest 24 hours of 1s, two days of 5s and 15s, ' : 'the newest ';
  return `Shown are at least ${seconds}two months of 1m and 5m, two years of 15m and 1h, and all of 1d; for longer choose a larger interval.`;
}

function bucketsOf(span: BucketSpan): readonly string[] {
  const back = (unit: Unit) => counted.map(count => `\${${unit}${count}}`);
  const ofTwoDays = (hours: readonly string[]) => ['${day1}', '${day0}'].flatMap(day => hours.map(hour => `${day}T${hour}`));
  if (span === 'all') return ['all'];
  if (span === 'hour') return ofTwoDays(numbers(0, 23));
  return span === 'half-day' ? ofTwoDays(['00', '12']) : back(span);
}

function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index).padStart(2, '0'));
}

function texts(buckets: readonly string[]): string {
  return `(${buckets.map(bucket => `'${bucket}'`).join(',')})`;
}
