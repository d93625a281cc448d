/** This file runs the ingesters of all feeds while this process holds the Lease, and none while it stands by. */
import type { Logger } from 'pino';
import type { ConfiguredFeed } from './configured-feed.ts';
import type { FeedEvent, LastSession } from './feed.ts';
import { type Ingesters, type IngestersOptions, runIngesters } from './ingesters.ts';
import { findLastSession } from './last-session.ts';
import { type ElectionOptions, type Leadership, startElection } from './leader-election.ts';
import { firstSessionOf, isBeyond, termAfter } from './session-numbers.ts';

export type ElectedIngesterOptions = Omit<IngestersOptions, 'flushDeadlineMs'> & Omit<ElectionOptions, 'lead' | 'isSucceeded'>;

export interface ElectedIngester {
  /** Resolves after `signal` aborted, all is written and the Lease is free; rejects with what no other term would mend. */
  readonly finished: Promise<void>;
  role(): 'leader' | 'standby';
  /** For readiness: a standby is ready when it could take over. */
  check(): string | undefined;
}

/** A stop of the process keeps the Lease until what is buffered is written. */
const flushHeldMs = 3_000;
/** Between the renew deadline and the end of the Lease is a second: whoever lost it has to be silent by then. */
const flushLostMs = 500;

/** Begins as a standby. */
export function runElectedIngester(options: ElectedIngesterOptions): ElectedIngester {
  let ingester: Ingesters | undefined;
  const lead = async (leadership: Leadership) => {
    const flushDeadlineMs = () => (leadership.isHeld() ? flushHeldMs : flushLostMs);
    // One feed whose numbers are used up ends the term for all.
    const usedUp = new AbortController();
    const feeds = options.feeds.map(feed => ({
      ...feed,
      openFeed: (last: LastSession | undefined, stop: AbortSignal, _first?: number, partitions?: number) =>
        feedOfTerm({ feed, leadership, usedUp, partitions, logger: options.logger }, last, stop),
    }));
    const signal = AbortSignal.any([leadership.signal, usedUp.signal]);
    ingester = runIngesters({ ...options, feeds, signal, flushDeadlineMs });
    try {
      await ingester.finished;
    } finally {
      ingester = undefined;
    }
  };
  // The API server may be away while prices come: whoever leads goes on, until the log shows a session of a later term.
  const isSucceeded = async (term: number) => {
    const last = await Promise.all(options.feeds.map(({ feed }) => findLastSession(options.log, feed)));
    return last.some(known => known !== undefined && isBeyond(term, known.session));
  };
  const election = startElection({ ...options, lead, isSucceeded });
  return {
    finished: election.finished,
    role: election.role,
    check: () => (ingester === undefined ? election.problem() : ingester.check()),
  };
}

interface Term {
  readonly feed: ConfiguredFeed;
  readonly leadership: Leadership;
  /** Ends the term. */
  readonly usedUp: AbortController;
  /** Of `market-data.feed`. */
  readonly partitions: number | undefined;
  readonly logger: Logger;
}

/** The feed, its sessions numbered within the term (session-numbers.ts); ends, and the term with it, when the numbers are used up. */
async function* feedOfTerm(
  { feed, leadership, usedUp, partitions, logger }: Term,
  last: LastSession | undefined,
  signal: AbortSignal,
): AsyncGenerator<FeedEvent, void, undefined> {
  const term = await leadership.raiseTerm(termAfter(last?.session));
  if (term === undefined) return;
  for await (const event of feed.openFeed(last, signal, firstSessionOf(term), partitions)) {
    if (event.kind === 'session' && isBeyond(term, event.session)) {
      logger.warn({ term, session: event.session }, `term ${term} has no session numbers left: going on under a new term`);
      usedUp.abort();
      return;
    }
    yield event;
  }
}
