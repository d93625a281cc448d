/** `repartition`: copies the feed of the configured Kafka into topics of another prefix, shows how far it is on standard error. */
import type { Configuration } from '@tapeline/core/configuration';
import { usageError } from '@tapeline/core/errors';
import { feedTopic } from '@tapeline/core/topics';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { type Repartition, type RepartitionProgress, repartition } from './repartition.ts';

export interface RepartitionCommandOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Of the copy. */
  readonly partitions: number;
  /** What the copy's topics begin with. */
  readonly to: string;
  readonly shorter?: boolean;
  readonly signal: AbortSignal;
}

/** @returns the exit status: 0, or 130 when it was interrupted before its end. */
export async function repartitionCommand(options: RepartitionCommandOptions): Promise<number> {
  const { configuration, logger, partitions, to, shorter = false, signal } = options;
  const { KAFKA_BROKERS, KAFKA_TOPIC_PREFIX: from = '' } = configuration;
  if (KAFKA_BROKERS === undefined)
    throw usageError('the embedded log has a number of partitions of its own: repartition is for Kafka, set KAFKA_BROKERS');
  if (to === from) throw usageError(`the copy needs another prefix than the log that is copied, was "${to}"`);
  const source = await openConfiguredLog(configuration, { clientId: 'repartition', logger, readOnly: true });
  try {
    const other = { ...configuration, KAFKA_TOPIC_PREFIX: to, KAFKA_FEED_PARTITIONS: partitions };
    const target = await openConfiguredLog(other, { clientId: 'repartition', logger });
    try {
      await refuseOtherCount(target, partitions, to);
      const copied = await repartition({ source, target, shorter, signal, progress: progressEverySecond() });
      process.stderr.write(`${summaryOf(copied, to)}\n`);
      return copied.outcome === 'copied' ? 0 : 130;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function refuseOtherCount(target: MarketLog, partitions: number, to: string): Promise<void> {
  const count = await target.partitionCount(feedTopic.name);
  if (count !== partitions)
    throw usageError(`${to}${feedTopic.name} has ${count} partitions already, expected ${partitions}: take another prefix`);
}

/** A copy that has come up with the log is a few records behind again with each heartbeat: that is told only where it lasts. */
function progressEverySecond(): (soFar: RepartitionProgress) => void {
  let wasWhole = false;
  let nextMs = performance.now();
  return ({ done, total }) => {
    const [nowMs, isWhole] = [performance.now(), done === total];
    const becameWhole = isWhole && !wasWhole;
    const isPassing = !isWhole && wasWhole && nowMs < nextMs + 2_000;
    if ((nowMs < nextMs && !becameWhole) || isPassing) return;
    wasWhole = isWhole;
    nextMs = nowMs + 1_000;
    process.stderr.write(`${done} of ${total} records${isWhole ? '; ends when the log has rested for 5 s: stop the ingester' : ''}\n`);
  };
}

function summaryOf({ outcome, written, forgotten }: Repartition, to: string): string {
  if (outcome === 'interrupted') return `interrupted after ${written} records: the same command goes on here`;
  const without =
    forgotten > 0 ? `, without the ${forgotten} that the log no longer has: their bars stay in the former generation alone` : '';
  return `copied (${written} records by this run${without}); next, with KAFKA_TOPIC_PREFIX=${to}: tapeline rebuild --whole, then processors, board and ingester`;
}
