/** A log that counts what is appended to it: how much, how long it took, what it refused, and how much is under way. */
import { PipelineError } from '@tapeline/core/errors';
import { metricOf, type Registry } from '@tapeline/core/metrics/registered-metrics';
import type { MarketLog } from './market-log.ts';

/** The same log, with the metrics of the part `log` in the registry. */
export function measuredLog(log: MarketLog, registry: Registry): MarketLog {
  const records = metricOf(registry, 'tapeline_log_records_appended_total');
  const failures = metricOf(registry, 'tapeline_log_append_failures_total');
  const seconds = metricOf(registry, 'tapeline_log_append_duration_seconds');
  const inFlight = metricOf(registry, 'tapeline_log_appends_in_flight');
  const measured = async <T>(append: () => Promise<T>): Promise<T> => {
    inFlight.inc();
    const stop = seconds.startTimer();
    try {
      const appended = await append();
      stop();
      return appended;
    } catch (error) {
      failures.inc({ code: error instanceof PipelineError ? error.code : 'failed' });
      throw error;
    } finally {
      inFlight.dec();
    }
  };
  return {
    ensureTopics: topics => log.ensureTopics(topics),
    partitionCount: topic => log.partitionCount(topic),
    offsets: topic => log.offsets(topic),
    append: async entries => {
      const appended = await measured(() => log.append(entries));
      for (const { topic } of entries) records.inc({ topic });
      return appended;
    },
    appendBlocks: async blocks => {
      // Emptied by their owner once they are appended.
      const counts = blocks.map(({ topic, count }) => ({ topic, count }));
      const appended = await measured(() => log.appendBlocks(blocks));
      for (const { topic, count } of counts) records.inc({ topic }, count);
      return appended;
    },
    read: request => log.read(request),
    join: request => log.join(request),
    close: () => log.close(),
  };
}
