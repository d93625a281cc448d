/**
 * A stream processor that works for the generation that serves: after a switch it finishes, saves, and goes on in the other tables.
 *
 * The consumer group stays the same, so that whoever watches its lag (KEDA, Kafdrop) follows: committed offsets are for them, and where
 * a generation goes on its own snapshots say.
 */
import { PipelineError } from '@tapeline/core/errors';
import type { Generations, ServingGeneration } from '@tapeline/database/generations';
import type { MarketStore } from '@tapeline/database/market-store';
import { nextGeneration, servingGeneration } from '@tapeline/database/serving-generation';
import { foldVersion } from './fold-version.ts';
import { createProcessorMetrics, type ProcessorMetrics } from './processor-metrics.ts';
import { runStreamProcessor, type StreamProcessorOptions } from './stream-processor.ts';

export interface ServingProcessorOptions extends Omit<StreamProcessorOptions, 'store' | 'metrics'> {
  readonly generations: Pick<Generations, 'serving'>;
  /** Gives a store that may be written to; it is closed after use. */
  readonly openStore: (generation: number) => Promise<MarketStore>;
  /** How often it looks which one serves. @default 2,000 */
  readonly lookIntervalMs?: number;
}

/**
 * Runs until `signal` aborts.
 * @throws PipelineError what a partition cannot go on with.
 */
export async function runServingProcessor(options: ServingProcessorOptions): Promise<void> {
  const metrics = createProcessorMetrics(options.registry);
  let serving = await servingGeneration(options);
  while (serving !== undefined && !options.signal.aborted) {
    const over = new AbortController();
    const moved = new AbortController();
    const next = nextGeneration(serving, { ...options, signal: AbortSignal.any([options.signal, over.signal]) });
    void next.then(() => moved.abort());
    try {
      await processGeneration(serving, { ...options, metrics, signal: AbortSignal.any([options.signal, moved.signal]) });
    } catch (error) {
      over.abort();
      throw error;
    }
    serving = await next;
  }
}

async function processGeneration(
  serving: ServingGeneration,
  options: ServingProcessorOptions & { readonly metrics: ProcessorMetrics },
): Promise<void> {
  const { signal, logger, metrics } = options;
  if (serving.foldVersion !== foldVersion) {
    logger.error(
      { generation: serving.generation, made: serving.foldVersion, ours: foldVersion },
      'the generation that serves was made by another fold, so nothing is processed: run the program that made it, or tapeline rebuild with this one',
    );
    metrics.generation.set(0);
    // It stands by, like a member for which there is no partition: a roll goes on.
    options.onPartitions?.([]);
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    return;
  }
  const store = await options.openStore(serving.generation);
  metrics.generation.set(serving.generation);
  try {
    await runStreamProcessor({ ...options, store });
  } finally {
    await store.close();
  }
  if (!options.signal.aborted) throw new PipelineError('log.unavailable', 'the consumer group ended by itself', { retriable: true });
}
