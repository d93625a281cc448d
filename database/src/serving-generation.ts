/** Which generation serves, as readers and processors learn it: read at the start, looked at every other second. */
import { isPassing, reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { untilThere } from '@tapeline/core/waiting-start';
import type { Logger } from 'pino';
import type { Generations, ServingGeneration } from './generations.ts';

export interface ServingOptions {
  readonly generations: Pick<Generations, 'serving'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** @default 2,000 */
  readonly lookIntervalMs?: number;
}

/**
 * Waits until the store says which one serves; `undefined` when `signal` aborts first.
 * @throws PipelineError what waiting does not mend.
 */
export async function servingGeneration(options: ServingOptions): Promise<ServingGeneration | undefined> {
  const { generations, logger, signal, lookIntervalMs: pauseMs = 2_000 } = options;
  if (signal.aborted) return undefined;
  try {
    return await untilThere('the store, which says which generation serves', () => generations.serving(), { logger, signal, pauseMs });
  } catch (error) {
    if (signal.aborted && isPassing(error)) return undefined;
    throw error;
  }
}

/** Resolves when another one than `former` serves; `undefined` when `signal` aborts first. A store that is away changes nothing. */
export async function nextGeneration(former: ServingGeneration, options: ServingOptions): Promise<ServingGeneration | undefined> {
  const { generations, logger, signal, lookIntervalMs = 2_000 } = options;
  for (;;) {
    await pause(lookIntervalMs, signal);
    if (signal.aborted) return undefined;
    const serving = await generations.serving().catch((error: unknown) => {
      logger.debug({ reason: reasonOf(error) }, 'could not look which generation serves');
      return former;
    });
    if (serving.generation !== former.generation) return serving;
  }
}
