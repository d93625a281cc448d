/**
 * Asks the vendor once what each symbol is, and writes it as `instrument` records. A symbol whose stored row is younger than 20 h is left out,
 * so a run that was killed goes on where it was, and one that was done asks for nothing.
 */
import { BackOff } from '@tapeline/core/back-off';
import { type ErrorCode, hasCode, PipelineError } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { type Patience, patiently } from '@tapeline/core/patience';
import { pause as realPause } from '@tapeline/core/pause';
import type { InstrumentRecord } from '@tapeline/core/records';
import { nameInPrices } from '@tapeline/core/shards';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { logEntries } from '../log-entries.ts';
import type { Profile } from '../twelve-data/rest-answers.ts';
import type { RestClient } from '../twelve-data/rest-client.ts';
import { instrumentRecord, isStock, type Told } from './instrument-facts.ts';

export interface InstrumentsJobOptions {
  readonly client: Pick<RestClient, 'quote' | 'timeSeries' | 'profile'>;
  readonly store: Pick<MarketStore, 'instruments'>;
  readonly log: MarketLog;
  /** As the vendor spells them: `RY:TSX` is named `RY` in the store. */
  readonly symbols: readonly string[];
  /** Of the plan: a profile, which tells the sector, costs 10. */
  readonly creditsPerMinute: number;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface InstrumentsResult {
  readonly refreshed: number;
  /** Stored rows that are young enough. */
  readonly young: number;
  /** The vendor has nothing, or nothing that can be used. */
  readonly refused: number;
}

const youngMs = 20 * 3_600_000;
const profileCredits = 10;
const attempts = 5;
/** One symbol may be what the vendor's server fails at; so many in a row, and it is away. */
const mostUnanswered = 3;
const useless: readonly ErrorCode[] = ['vendor.refused', 'vendor.no-data', 'vendor.malformed'];
/** Longer than any market rests. */
const typeLookBackMs = 31 * 86_400_000;

/**
 * Resolves when all symbols are done, or when the signal aborts.
 * @throws PipelineError `feed.key-refused`; `vendor.unavailable` (retriable) when the vendor does not answer for several symbols in a row, or for the
 *   last ones, also not when asked again.
 */
export async function runInstrumentsJob(options: InstrumentsJobOptions): Promise<InstrumentsResult> {
  const { store, logger, signal, symbols, clock = Date.now } = options;
  const patience: Patience = { signal, logger };
  const rows = await patiently('reading stored instruments', () => store.instruments(), patience);
  const stored = new Map(rows.map(({ instrument }) => [instrument.symbol, instrument]));
  const names = [...new Map(symbols.map(symbol => [nameInPrices(symbol), symbol]))];
  const due = names.filter(([symbol]) => (stored.get(symbol)?.receivedTimeMs ?? Number.NEGATIVE_INFINITY) <= clock() - youngMs);
  const desk = new InstrumentDesk(options, patience);
  const left = metricOf(options.registry, 'tapeline_instruments_symbols_left');
  const stop = metricOf(options.registry, 'tapeline_instruments_run_duration_seconds').startTimer();
  left.set(due.length);
  const result = { refreshed: 0, young: names.length - due.length, refused: 0 };
  /** Of the symbols that came last. */
  let unanswered: readonly PipelineError[] = [];
  for (const [symbol, vendorName] of due) {
    try {
      if (signal.aborted) break;
      const told = await desk.told(vendorName, stored.get(symbol));
      if (told === undefined) result.refused += 1;
      else {
        await desk.write(instrumentRecord(symbol, { ...told, receivedTimeMs: clock() }, stored.get(symbol)));
        result.refreshed += 1;
      }
      left.dec();
      unanswered = [];
    } catch (error) {
      if (signal.aborted) break;
      if (!hasCode(error, 'vendor.unavailable')) throw error;
      unanswered = [...unanswered, error];
      if (unanswered.length === mostUnanswered) break;
      logger.warn({ symbol, code: error.code }, `${symbol} stays as it is: ${error.message}`);
      result.refused += 1;
    }
  }
  stop();
  const [failure] = unanswered;
  if (failure !== undefined && !signal.aborted) throw failure;
  const { refreshed, young, refused } = result;
  const end = signal.aborted ? 'instruments are stopped and go on with the next run' : 'instruments are done';
  logger.info({ ...result, isDone: !signal.aborted }, `${end}: ${refreshed} refreshed, ${young} young enough, ${refused} refused`);
  return result;
}

/** Asks, and writes. */
class InstrumentDesk {
  readonly #options: InstrumentsJobOptions;
  readonly #patience: Patience;
  readonly #records;
  readonly #failures;
  /** False from the first time on that the plan does not give it. */
  #asksForSectors: boolean;

  constructor(options: InstrumentsJobOptions, patience: Patience) {
    this.#options = options;
    this.#patience = patience;
    this.#records = metricOf(options.registry, 'tapeline_instruments_records_total');
    this.#failures = metricOf(options.registry, 'tapeline_instruments_failures_total');
    this.#asksForSectors = options.creditsPerMinute >= profileCredits;
    const { creditsPerMinute } = options;
    if (this.#asksForSectors) return;
    options.logger.info(
      { creditsPerMinute },
      `sectors are not asked for: one costs ${profileCredits} credits, the plan gives ${creditsPerMinute} a minute`,
    );
  }

  /** `undefined` when the vendor has nothing that can be used. */
  async told(vendorName: string, stored: InstrumentRecord | undefined): Promise<Omit<Told, 'receivedTimeMs'> | undefined> {
    const quoted = await this.#asked(vendorName, 'quote', signal => this.#options.client.quote(vendorName, signal));
    if (quoted === undefined) return undefined;
    const quote = { ...quoted, type: quoted.type ?? stored?.type ?? (await this.#type(vendorName)) };
    const profile = this.#asksForSectors && isStock(quote) ? await this.#profile(vendorName) : undefined;
    return { quote, sector: profile?.sector };
  }

  async write(record: InstrumentRecord): Promise<void> {
    const { log, logger } = this.#options;
    const partitions = await patiently('asking the log for its partitions', () => log.partitionCount(feedTopic.name), this.#patience);
    await patiently('writing an instrument', () => log.append(logEntries(record, partitions)), this.#patience);
    this.#records.inc();
    logger.info({ symbol: record.symbol }, `${record.symbol} is ${record.name ?? 'without a name'}`);
  }

  /** Quotes do not tell it, series do; it never changes, so it is asked for once. */
  async #type(vendorName: string): Promise<string | undefined> {
    const { client, clock = Date.now } = this.#options;
    const request = { symbol: vendorName, interval: '1d', fromMs: clock() - typeLookBackMs, toMs: clock() } as const;
    const series = await this.#asked(vendorName, 'type', signal => client.timeSeries(request, signal));
    return series?.meta.type;
  }

  #profile(vendorName: string): Promise<Profile | undefined> {
    return this.#asked(vendorName, 'sector', signal => this.#options.client.profile(vendorName, signal));
  }

  /** `undefined`, and a warning, when the vendor has nothing that can be used. */
  async #asked<T>(symbol: string, what: 'quote' | 'type' | 'sector', ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#patientAnswer(ask);
    } catch (error) {
      if (error instanceof PipelineError) this.#failures.inc({ code: error.code });
      if (!(error instanceof PipelineError) || !useless.includes(error.code)) throw error;
      if (what === 'sector' && error.code === 'vendor.refused') this.#asksForSectors = false;
      const consequence = what === 'quote' ? `${symbol} stays as it is` : `the ${what} of ${symbol} stays as it is`;
      this.#options.logger.warn({ symbol, code: error.code }, `${consequence}: ${error.message}`);
      return undefined;
    }
  }

  async #patientAnswer<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, pause = realPause } = this.#options;
    const backOff = new BackOff({ baseMs: 2_000, capMs: 60_000, leastShare: 0 });
    for (let failures = 0; ; ) {
      try {
        return await ask(signal);
      } catch (error) {
        // The budget knows when there are credits again.
        if (hasCode(error, 'vendor.limited')) continue;
        failures += 1;
        if (!hasCode(error, 'vendor.unavailable') || failures >= attempts) throw error;
        await pause(backOff.nextMs(), signal);
      }
    }
  }
}
