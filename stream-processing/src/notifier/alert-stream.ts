/** The alerts of the topic from an offset on, one after another, each looked at before it is taken. The log's own reader bounds what is read ahead. */
import type { Alert } from '@tapeline/core/alerts';
import { BackOff } from '@tapeline/core/back-off';
import { hasCode, isPassing } from '@tapeline/core/errors';
import { decodeAlert } from '@tapeline/core/record-codec';
import { alertsTopic } from '@tapeline/core/topics';
import type { LogBatch, LogRecord, MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { LastRecord } from '../hot/hot-snapshot.ts';
import { asLastRecord } from '../last-record.ts';

/** The topic has one partition; were there more, alerts would stand in the first one only. */
export const alertsPartition = 0;

export interface ReadAlert {
  /** `undefined` where the record is none. */
  readonly alert: Alert | undefined;
  /** The record, as it is known again. */
  readonly last: LastRecord;
  /** Offset after it. */
  readonly nextOffset: number;
  /** True when the log had more behind it when it was read. */
  readonly hasMore: boolean;
}

export interface AlertStreamOptions {
  readonly log: Pick<MarketLog, 'read' | 'offsets'>;
  readonly fromOffset: number;
  readonly logger: Logger;
  /** Called for each record that is no alert. */
  readonly skipped: () => void;
  readonly signal: AbortSignal;
}

export class AlertStream {
  readonly #alerts: AsyncIterator<ReadAlert, void>;
  /** The answer to the last question, once it is there. */
  #next: PromiseSettledResult<IteratorResult<ReadAlert, void>> | undefined;
  #isAsked = false;
  #arrived: () => void = () => undefined;

  constructor(options: AlertStreamOptions) {
    this.#alerts = followAlerts(options);
  }

  /**
   * The next alert, which stays the next one until {@link take}; `undefined` when none came within `waitMs`, and at the end.
   * @throws PipelineError `record.newer`, and what no waiting helps against
   */
  async peek(waitMs: number): Promise<ReadAlert | undefined> {
    if (!this.#isAsked) this.#ask();
    if (this.#next === undefined) await this.#wait(waitMs);
    if (this.#next === undefined) return undefined;
    if (this.#next.status === 'rejected') throw this.#next.reason;
    return this.#next.value.done === true ? undefined : this.#next.value.value;
  }

  take(): void {
    this.#isAsked = false;
    this.#next = undefined;
  }

  async close(): Promise<void> {
    await this.#alerts.return?.();
  }

  /** Waited for once, and not by each who peeks: a topic may be quiet for weeks. */
  #ask(): void {
    this.#isAsked = true;
    void Promise.allSettled([this.#alerts.next()]).then(([answer]) => {
      this.#next = answer;
      this.#arrived();
    });
  }

  async #wait(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#arrived = resolve;
    await promise;
    clearTimeout(timer);
  }
}

interface Place {
  nextOffset: number;
  isOutOfRange: boolean;
}

async function* followAlerts(options: AlertStreamOptions): AsyncGenerator<ReadAlert, void, void> {
  const { fromOffset, logger, signal } = options;
  const backOff = new BackOff({ baseMs: 200, capMs: 10_000 });
  const place: Place = { nextOffset: fromOffset, isOutOfRange: false };
  while (!signal.aborted) {
    try {
      yield* readOn(options, place, () => backOff.succeeded());
    } catch (error) {
      place.isOutOfRange = hasCode(error, 'log.out-of-range');
      if (!place.isOutOfRange) {
        if (!isPassing(error)) throw error;
        logger.warn({ code: error.code }, `alerts cannot be read: ${error.message}; trying again`);
      }
      await backOff.wait(signal);
    }
  }
}

async function* readOn(options: AlertStreamOptions, place: Place, succeeded: () => void): AsyncGenerator<ReadAlert, void, void> {
  const { log, logger, skipped, signal } = options;
  if (place.isOutOfRange) place.nextOffset = await startAgain(log, place.nextOffset, logger);
  place.isOutOfRange = false;
  for await (const batch of log.read({ topic: alertsTopic.name, partition: alertsPartition, fromOffset: place.nextOffset, signal })) {
    succeeded();
    for (const read of alertsOf(batch, logger)) {
      place.nextOffset = read.nextOffset;
      if (read.alert === undefined) skipped();
      yield read;
    }
    place.nextOffset = batch.lastOffset + 1;
  }
}

function* alertsOf({ records, highWatermark }: LogBatch, logger: Logger): Generator<ReadAlert, void, void> {
  for (const record of records) {
    const nextOffset = record.offset + 1;
    yield { alert: alertIn(record, logger), last: asLastRecord(record), nextOffset, hasMore: nextOffset < highWatermark };
  }
}

/** Where the topic begins: its retention was faster than we were, or it is another one, which may have grown as long. */
async function startAgain(log: Pick<MarketLog, 'offsets'>, nextOffset: number, logger: Logger): Promise<number> {
  const [first] = await log.offsets(alertsTopic.name);
  const { lowOffset = 0 } = first ?? {};
  const why =
    nextOffset >= lowOffset
      ? 'the topic was made anew, or has lost its end'
      : 'the topic has forgotten what was not sent yet; the store still has it (/api/alerts)';
  logger.error(
    { topic: alertsTopic.name, nextOffset, lowOffset },
    `alerts are read from offset ${lowOffset} on instead of ${nextOffset}: ${why}`,
  );
  return lowOffset;
}

/** @throws PipelineError `record.newer`. */
function alertIn({ offset, value }: LogRecord, logger: Logger): Alert | undefined {
  try {
    return decodeAlert(value);
  } catch (error) {
    if (!hasCode(error, 'record.invalid')) throw error;
    logger.warn(
      { topic: alertsTopic.name, offset, code: error.code },
      `a record of ${alertsTopic.name} is not an alert and is skipped: ${error.message}`,
    );
    return undefined;
  }
}
