/** What a feed is: a source of records, in the order in which they belong into the log. */
import type { DeadLetter } from '@tapeline/core/dead-letters';
import type { FeedRecord } from '@tapeline/core/records';
import type { TickRun } from './hot/tick-run.ts';

/** A record for the log, or what could not be used. */
export type PlainEvent = FeedRecord | DeadLetter;

/** What a feed gives out: one by one, or everyday ticks as a run. */
export type FeedEvent = PlainEvent | TickRun;

/** Ends when its input ends or its signal aborts; throws what cannot be mended by trying again. */
export type Feed = AsyncIterable<FeedEvent>;

/** How the last session of a feed ended, as far as anybody knows. */
export interface LastSession {
  readonly session: number;
  readonly reason: string;
  /** Receipt of its last price, or its begin when it had none: a gap starts here. */
  readonly lastDataMs?: number;
}
