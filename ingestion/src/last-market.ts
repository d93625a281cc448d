/** Finds in the log whether a session of a feed was of a simulated market: the records that begin it say so, which may stand far back. */
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog, ReadRequest } from '@tapeline/log/market-log';
import { type RecordOfFeed, recordOfFeed, shortestFirst, sizeOf } from './last-session.ts';

type ReadableLog = Pick<MarketLog, 'offsets' | 'read'>;

/** So many records are read one after the other; where there are more, the session's first one is looked for by halves. */
const readThrough = 8_000;
/** Others may have written alone for long: so far the feed's next record is looked for. */
const patienceRecords = 200_000;

/**
 * Looks into the partition that has the fewest records: a session is told to every one, before all else of it, and numbers of sessions rise.
 * @returns `undefined` where the log no longer has the session's begin.
 * @throws PipelineError `log.unavailable`; `record.newer` when a newer ingester wrote.
 */
export async function wasSimulated(log: ReadableLog, feed: string, session: number): Promise<boolean | undefined> {
  const shortest = (await shortestFirst(log)).find(each => sizeOf(each) > 0);
  if (shortest === undefined) return undefined;
  const { partition } = shortest;
  let { lowOffset: from, highWatermark: to } = shortest;
  while (to - from > readThrough) {
    const middle = from + Math.floor((to - from) / 2);
    const until = Math.min(to, middle + patienceRecords);
    const met = await firstOf(recordsOf(log, feed, { partition, fromOffset: middle, toOffset: until }));
    if (met !== undefined && tells(met.record, session)) return met.record.simulated ?? false;
    if (met === undefined && until < to) return undefined;
    if (met !== undefined && met.record.session < session) from = met.offset + 1;
    else to = middle;
  }
  for await (const { record } of recordsOf(log, feed, { partition, fromOffset: from, toOffset: to })) {
    if (tells(record, session)) return record.simulated ?? false;
  }
  return undefined;
}

function tells(record: RecordOfFeed, session: number): record is Extract<RecordOfFeed, { kind: 'session' }> {
  return record.kind === 'session' && record.session === session;
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

async function* recordsOf(log: ReadableLog, feed: string, span: Omit<ReadRequest, 'topic'>) {
  if (span.fromOffset === span.toOffset) return;
  for await (const { records } of log.read({ topic: feedTopic.name, ...span })) {
    for (const { offset, value } of records) {
      const record = recordOfFeed(value, feed);
      if (record !== undefined) yield { offset, record };
    }
  }
}
