/** Several feeds at once into one log: an ingester for each, with its own sessions and its own account. */
import { reasonOf } from '@tapeline/core/errors';
import type { ConfiguredFeed } from './configured-feed.ts';
import { silenceFormerFeeds } from './former-feeds.ts';
import { type IngesterOptions, type IngesterState, runIngester } from './ingester.ts';

export interface IngestersOptions extends Omit<IngesterOptions, 'feed' | 'openFeed'> {
  /** Each with a name of its own. */
  readonly feeds: readonly ConfiguredFeed[];
}

export interface Ingesters {
  /**
   * Resolves when every feed has ended and all is written. A feed that fails for good does not stop the others: when all have ended,
   * it rejects with the first failure.
   */
  readonly finished: Promise<readonly IngesterState[]>;
  /** Resolves when each feed has had a session of this process. */
  readonly subscribed: Promise<void>;
  /** For readiness: `undefined` while all are subscribed, otherwise what is missing. */
  check(): string | undefined;
  states(): readonly IngesterState[];
}

/** Starts all feeds; they run until each ends or fails for good, or `signal` aborts. */
export function runIngesters({ feeds, ...options }: IngestersOptions): Ingesters {
  const { log, logger, signal } = options;
  const ready = silenceFormerFeeds({ log, feeds: feeds.map(({ feed }) => feed), logger, signal });
  const ingesters = feeds.map(each => ({ ...runIngester({ ...options, ...each, ready }), feed: each.feed }));
  const failures: unknown[] = [];
  const ended = ingesters.map(({ feed, finished }) =>
    finished.catch((error: unknown) => {
      failures.push(error);
      if (feeds.length > 1)
        options.logger.error({ feed, err: error }, `feed ${feed} failed for good: ${reasonOf(error)}; the others go on`);
    }),
  );
  const states = () => ingesters.map(ingester => ingester.state());
  const finished = Promise.all(ended).then(() => {
    if (failures.length > 0) throw failures[0];
    return states();
  });
  finished.catch(() => {
    // The caller hears of it by `finished`, whenever it looks.
  });
  return {
    finished,
    subscribed: Promise.all(ingesters.map(({ subscribed }) => subscribed)).then(() => undefined),
    check: () => missingOf(ingesters),
    states,
  };
}

/** What is missing, named where there are several feeds. */
function missingOf(ingesters: readonly { readonly feed: string; check(): string | undefined }[]): string | undefined {
  const missing = ingesters.flatMap(ingester => {
    const text = ingester.check();
    if (text === undefined) return [];
    return [ingesters.length === 1 ? text : `${ingester.feed}: ${text}`];
  });
  return missing.length === 0 ? undefined : missing.join('; ');
}
