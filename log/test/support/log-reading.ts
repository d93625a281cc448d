/** Builders and readers for tests of the log. */
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pause } from '@tapeline/core/pause';
import type { Append, LogBatch, LogRecord, MarketLog, PartitionClaim } from '../../src/market-log.ts';

/** A group that no other test joins. */
export function aGroup(): string {
  return `test-group-${randomUUID()}`;
}

/** A topic name that no other test uses. */
export function aTopicName(): string {
  return `test.${randomUUID()}`;
}

/** A topic with `partitions` partitions. */
export async function aTopic(log: MarketLog, partitions = 1): Promise<string> {
  const name = aTopicName();
  await log.ensureTopics([{ name, partitions }]);
  return name;
}

/** Entries whose values are `from`, `from + 1`, … as text. */
export function someEntries(topic: string, partition: number, from: number, count: number): Append[] {
  return Array.from({ length: count }, (_, index) => ({ topic, partition, value: Buffer.from(String(from + index)) }));
}

export function textOf(record: LogRecord): string {
  return Buffer.from(record.value ?? []).toString();
}

/** The values, as text, of every record that the iteration gives until it ends. */
export async function texts(batches: AsyncIterable<LogBatch>): Promise<string[]> {
  return (await records(batches)).map(textOf);
}

export async function records(batches: AsyncIterable<LogBatch>): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const batch of batches) all.push(...batch.records);
  return all;
}

/** The first `count` records, or all there were when the iteration ends before. */
export async function take(batches: AsyncIterable<LogBatch>, count: number): Promise<LogRecord[]> {
  const taken: LogRecord[] = [];
  if (count === 0) return taken;
  for await (const batch of batches) {
    taken.push(...batch.records);
    if (taken.length >= count) break;
  }
  return taken;
}

/** A member of a group: its claims as they come. */
export interface Member {
  /** For each assignment by the group, how many claims there had been before. */
  readonly assignments: readonly number[];
  readonly claims: PartitionClaim[];
  /** Resolves with the claim of a partition once it is given. */
  claim(partition: number): Promise<PartitionClaim>;
  /** Stops the member, releases every claim, and waits until the group is left. */
  leave(): Promise<void>;
  /** Stops the member and releases nothing. */
  stop(): void;
  readonly left: Promise<void>;
}

export function joinGroup(log: MarketLog, topic: string, group: string, maxBufferedBytes?: number): Member {
  const stop = new AbortController();
  const claims: PartitionClaim[] = [];
  const assignments: number[] = [];
  const left = (async () => {
    const request = { topic, group, signal: stop.signal, onAssigned: () => assignments.push(claims.length) };
    for await (const claim of log.join(maxBufferedBytes === undefined ? request : { ...request, maxBufferedBytes })) claims.push(claim);
  })();
  left.catch(() => {});
  return {
    claims,
    assignments,
    left,
    stop: () => stop.abort(),
    claim: async partition => {
      for (;;) {
        const claim = claims.findLast(candidate => candidate.partition === partition && !candidate.lost.aborted);
        if (claim !== undefined) return claim;
        await Promise.race([pause(20), left.then(() => Promise.reject(new Error('the member has left')))]);
      }
    },
    leave: async () => {
      stop.abort();
      for (const claim of claims) claim.release();
      await left;
    },
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that buffers hold outside the heap, garbage not counted. */
export function bufferedBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
