/**
 * Puts the rules of a file into the log, where every fold meets them at the same place in every replay: when the process starts with
 * other rules than the log's last ones, when the file changes, when the log was made anew, and once a day, so that a log that forgets
 * its oldest records still knows the rules in force. Rules that are there already change nothing in a fold, so a record too many does no harm.
 */
import type { AlertRule } from '@tapeline/core/alert-rules';
import { counted } from '@tapeline/core/counted';
import { hasCode, isPassing } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { pause } from '@tapeline/core/pause';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import { type AlertRulesRecord, recordFormat } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { readRulesFile, stampOfFile } from './rules-file.ts';

export interface FollowAlertRulesOptions {
  /** Its feed topic is there, or will be. */
  readonly log: Pick<MarketLog, 'offsets' | 'read' | 'append'>;
  /** `ALERT_RULES_FILE`: YAML or JSON. */
  readonly file: string;
  /** Of the fold (`BAR_INTERVALS`): a rule of another one is a fault. */
  readonly intervals: readonly Interval[];
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** How often the file is looked at. @default 5,000 */
  readonly lookEveryMs?: number;
  /** How often rules that have not changed are put into the log again. @default a day */
  readonly repeatEveryMs?: number;
}

/** So far back each partition is searched for its last rules; further back they are put there again. */
const searchedRecords = 20_000;
const dayMs = 86_400_000;

/**
 * Follows the file until `signal` aborts. A file with faults is logged and counted, and the former rules stay in force; while the log
 * is away it tries again.
 * @throws PipelineError what the log refuses for good; `record.newer` when a newer program writes it.
 */
export async function followAlertRules(options: FollowAlertRulesOptions): Promise<void> {
  await new RulesFollower(options).run();
}

class RulesFollower {
  readonly #options: FollowAlertRulesOptions;
  readonly #metrics: ReturnType<typeof createMetrics>;
  #rules: readonly AlertRule[] | undefined;
  /** Of the last look, and of the file as it was read. */
  #stamp: string | undefined;
  #readStamp: string | undefined;
  /** False from a change of the rules until they stand in the log. */
  #isWritten = false;
  #writtenMs = Number.NEGATIVE_INFINITY;
  /** Where each partition ended when the rules stood in it. */
  #ends: ReadonlyMap<number, number> = new Map();

  constructor(options: FollowAlertRulesOptions) {
    this.#options = options;
    this.#metrics = createMetrics(options.registry);
  }

  async run(): Promise<void> {
    const { signal, lookEveryMs = 5_000, repeatEveryMs = dayMs, logger } = this.#options;
    let isFirst = true;
    while (!signal.aborted) {
      this.#look();
      try {
        if (this.#isWritten && (await this.#isForgotten())) this.#begin();
        if (this.#rules !== undefined && !this.#isWritten) await this.#write(isFirst);
        else if (this.#isWritten && performance.now() - this.#writtenMs >= repeatEveryMs) await this.#write(false);
        if (this.#isWritten) isFirst = false;
      } catch (error) {
        if (!isPassing(error)) throw error;
        logger.warn({ code: error.code }, `${error.message}; the alert rules are put into the log as soon as it is there`);
      }
      await pause(lookEveryMs, signal);
    }
  }

  /** Takes the file's rules when it has changed, and not again since the last look: half a file may be a whole one with fewer rules. */
  #look(): void {
    const { file, intervals, logger } = this.#options;
    const stamp = stampOfFile(file);
    const isAtRest = this.#stamp === undefined || stamp === this.#stamp;
    this.#stamp = stamp;
    if (!isAtRest || stamp === this.#readStamp) return;
    this.#readStamp = stamp;
    const { rules, faults } = readRulesFile(file, { intervals });
    this.#metrics.faults.set(faults?.length ?? 0);
    if (rules === undefined) {
      const goesOn =
        this.#rules === undefined ? "the log's last rules stay in force" : `the former rules stay in force (${this.#rules.length})`;
      logger.error({ file, faults }, `ALERT_RULES_FILE cannot be used, ${goesOn}: ${faults.join('; ')}`);
      return;
    }
    if (textOf(rules) === textOf(this.#rules)) return;
    this.#rules = rules;
    this.#isWritten = false;
  }

  /** True when the log ends before the rules that stood in it: it was made anew, or has lost its end. Whoever cannot ask looks again. */
  async #isForgotten(): Promise<boolean> {
    const ranges = await this.#options.log.offsets(feedTopic.name).catch(() => []);
    return ranges.some(({ partition, highWatermark }) => highWatermark < (this.#ends.get(partition) ?? 0));
  }

  #begin(): void {
    this.#options.logger.warn('the log has lost its end, or was made anew: the alert rules are put into it again');
    this.#isWritten = false;
    this.#metrics.rules.set(0);
  }

  async #write(unlessThere: boolean): Promise<void> {
    const { log, logger, file } = this.#options;
    const rules = this.#rules ?? [];
    const partitions = (await log.offsets(feedTopic.name)).map(({ partition }) => partition);
    if (!unlessThere || !(await this.#isThere(rules))) {
      const record: AlertRulesRecord = { v: recordFormat, kind: 'alert-rules', rules: [...rules], receivedTimeMs: Date.now() };
      const value = encodeRecord(record);
      await log.append(partitions.map(partition => ({ topic: feedTopic.name, partition, value })));
      this.#metrics.published.inc();
      logger.info({ file, rules: rules.length }, `${counted(rules.length, 'alert rule is', 'alert rules are')} in force`);
    }
    this.#ends = new Map((await log.offsets(feedTopic.name)).map(({ partition, highWatermark }) => [partition, highWatermark]));
    this.#isWritten = true;
    this.#writtenMs = performance.now();
    this.#metrics.rules.set(rules.length);
  }

  /** True when the last rules of every partition are these, as far as it is searched: a write that broke off left some behind. */
  async #isThere(rules: readonly AlertRule[]): Promise<boolean> {
    const { log } = this.#options;
    const wanted = textOf(rules);
    for (const { partition, lowOffset, highWatermark } of await log.offsets(feedTopic.name)) {
      const last = await lastRulesOf(log, {
        partition,
        fromOffset: Math.max(lowOffset, highWatermark - searchedRecords),
        toOffset: highWatermark,
      });
      if (textOf(last) !== wanted) return false;
    }
    return true;
  }
}

interface Span {
  readonly partition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** The rules that stand last in a part of a partition; `undefined` where none do. */
async function lastRulesOf(log: Pick<MarketLog, 'read'>, span: Span): Promise<AlertRulesRecord['rules'] | undefined> {
  let last: AlertRulesRecord['rules'] | undefined;
  if (span.fromOffset >= span.toOffset) return last;
  for await (const batch of log.read({ topic: feedTopic.name, ...span })) {
    // Only records without a key are decoded: ticks have one.
    for (const { key, value } of batch.records) if (key === undefined) last = rulesOf(value) ?? last;
  }
  return last;
}

function rulesOf(value: Uint8Array | undefined): AlertRulesRecord['rules'] | undefined {
  try {
    const record = decodeRecord(value);
    return record.kind === 'alert-rules' ? record.rules : undefined;
  } catch (error) {
    if (hasCode(error, 'record.invalid')) return undefined;
    throw error;
  }
}

/** Fields stand in the order of the schema, so equal rules are equal text. */
function textOf(rules: readonly unknown[] | undefined): string {
  return rules === undefined ? '' : JSON.stringify(rules);
}

function createMetrics(registry: Registry) {
  return {
    rules: metricOf(registry, 'tapeline_alert_rules_in_force'),
    faults: metricOf(registry, 'tapeline_alert_rules_file_faults'),
    published: metricOf(registry, 'tapeline_alert_rules_published_total'),
  };
}
