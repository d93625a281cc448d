/** The backfiller that the settings ask for, and what it shares with whoever else asks the vendor. */
import { join } from 'node:path';
import type { Configuration } from '@tapeline/core/configuration';
import type { Patience } from '@tapeline/core/patience';
import { openConfiguredWork } from '@tapeline/database/configured-store';
import { FileItems } from '@tapeline/database/file-items';
import type { MarketStore } from '@tapeline/database/market-store';
import type { WorkItems, WorkStore } from '@tapeline/database/work-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { checkCalendars } from '../calendar-check.ts';
import { symbolsOfTwelveData } from '../configured-symbols.ts';
import { CreditBudget } from '../twelve-data/credit-budget.ts';
import { FileCreditStore } from '../twelve-data/credit-store.ts';
import { LeftoverBudget } from '../twelve-data/leftover-budget.ts';
import { RestClient } from '../twelve-data/rest-client.ts';
import { runBackfiller } from './backfiller.ts';
import { CellCreditStore } from './cell-credit-store.ts';
import type { Tolerance } from './comparison.ts';
import { patientCredits } from './patient-stores.ts';

export interface ConfiguredBackfillerOptions {
  readonly store: Pick<MarketStore, 'bars' | 'gaps'>;
  readonly log: MarketLog;
  /** In place of the configured one: the simulated market's. */
  readonly url?: string | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

const vendorRestUrl = 'https://api.twelvedata.com';

/**
 * Where bars are asked for, or `undefined` when nobody is to be asked: without the feed of TwelveData, without a key, and with a stream that
 * is not the vendor's, whose bars would not be the vendor's either.
 */
export function restUrlOf(configuration: Configuration): string | undefined {
  const { FEEDS: feeds, TWELVE_DATA_REST_URL: url, TWELVE_DATA_API_KEY: key, TWELVE_DATA_URL: stream } = configuration;
  if (!feeds.includes('twelve-data')) return undefined;
  return url ?? (key !== undefined && stream === undefined ? vendorRestUrl : undefined);
}

export function toleranceOf({ RECONCILE_PRICE_TOLERANCE: price, RECONCILE_VOLUME_TOLERANCE: volume }: Configuration): Tolerance {
  return { price, volume };
}

/** Runs it until the signal aborts, and checks the calendars once a day; see {@link runBackfiller}. Its queue and the account of credits are in Cassandra, or in `DATA_DIR`. */
export async function runConfiguredBackfiller(configuration: Configuration, options: ConfiguredBackfillerOptions): Promise<void> {
  const { logger, registry, signal, url = restUrlOf(configuration) } = options;
  if (url === undefined) throw new TypeError('the backfiller was started without anybody to ask');
  const work = openConfiguredWork(configuration, logger);
  const items = openConfiguredItems(configuration, work);
  const { ALLOWED_LATENESS_MS: latenessMs, CORRECTION_HORIZON_MS: horizonMs, BACKFILL_SETTLE_MS: settleMs } = configuration;
  const ended = new AbortController();
  const shared = { logger, registry, signal: AbortSignal.any([signal, ended.signal]) };
  const client = restClient(configuration, { url, work, patience: shared, registry });
  const backfilling = runBackfiller({
    client,
    store: options.store,
    log: options.log,
    jobs: items('jobs'),
    notes: items('notes'),
    intervals: configuration.BAR_INTERVALS,
    symbolsNow: symbolsOfTwelveData(configuration, logger),
    extendedHours: configuration.MARKET_HOURS === 'extended',
    tolerance: toleranceOf(configuration),
    settleMs: latenessMs + horizonMs + settleMs,
    ...shared,
  });
  // A simulated market keeps no calendar.
  const checking =
    options.url === undefined || options.url === restUrlOf(configuration) ? checkCalendars({ client, ...shared }) : undefined;
  try {
    await Promise.all([backfilling, checking]);
  } finally {
    ended.abort();
    await Promise.allSettled([backfilling, checking]);
    await work?.close();
  }
}

/** Queues of jobs by name: in Cassandra, or in `DATA_DIR`. */
export function openConfiguredItems({ DATA_DIR: folder }: Configuration, work: WorkStore | undefined): (queue: string) => WorkItems {
  return queue => work?.items(queue) ?? new FileItems(join(folder, 'backfill', queue));
}

export interface RestClientParts {
  readonly url: string;
  /** Where the account of credits is; in `DATA_DIR` without it. */
  readonly work: WorkStore | undefined;
  readonly patience: Patience;
  readonly registry: Registry;
  /** Takes only what others leave; for what can wait. @default false */
  readonly leftoversOnly?: boolean;
}

/** A client that shares its credits with all others of this store, or of this `DATA_DIR`. */
export function restClient(configuration: Configuration, parts: RestClientParts): RestClient {
  const { url, work, patience, registry, leftoversOnly = false } = parts;
  const { TWELVE_DATA_API_KEY: apiKey, TWELVE_DATA_CREDITS_PER_MINUTE: creditsPerMinute } = configuration;
  const { TWELVE_DATA_CREDITS_PER_DAY: perDay, DATA_DIR: folder } = configuration;
  const store =
    work === undefined ? new FileCreditStore(join(folder, 'backfill', 'credits')) : new CellCreditStore(work.cell('twelve-data/credits'));
  const creditsPerDay = perDay === 0 ? undefined : perDay;
  const budget = new CreditBudget({ store: patientCredits(store, patience), registry, creditsPerMinute, creditsPerDay });
  return new RestClient({ url, apiKey, budget: leftoversOnly ? new LeftoverBudget({ budget }) : budget, registry });
}
