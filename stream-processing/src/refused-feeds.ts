/** Warns of feeds whose prices are refused, once for each: a dead letter for each price is nothing that anybody would see in time. */
import type { Logger } from 'pino';

/** Called for each price that is refused as `not-owner`. */
export type NotOwner = (feed: string, detail: string) => void;

/** Names come from the log, where anything may stand. */
const mostWarnings = 100;

export function warnOfRefusedFeeds(logger: Logger): NotOwner {
  const warned = new Set<string>();
  return (feed, detail) => {
    if (warned.has(feed) || warned.size >= mostWarnings) return;
    warned.add(feed);
    logger.warn(
      { feed, detail },
      `prices of ${feed} are refused from here on (${detail}), said once: look for two ingesters of one feed and restart the one that stays, or for a symbol that two feeds have; market-data.dead-letter has each`,
    );
  };
}
