/** Asks Kafka something that is harmless to ask again, until it is answered or patience ends. */
import { BackOff } from '@tapeline/core/back-off';
import { PipelineError } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { failureType, isLasting, kafkaFailure } from './kafka-failure.ts';

export interface Patience {
  /** How long a question is repeated before it is `log.unavailable`. */
  readonly patienceMs: number;
  /** Aborts when nobody needs the answer any more. */
  readonly closing: AbortSignal;
  readonly logger: Logger;
}

/** @throws PipelineError `log.unavailable`; an error of our own is what it is, and final unless it is retriable. */
export async function askKafka<T>(question: string, work: () => Promise<T>, { patienceMs, closing, logger }: Patience): Promise<T> {
  const giveUpMs = performance.now() + patienceMs;
  const backOff = new BackOff({ baseMs: 100, capMs: 2_000 });
  for (;;) {
    if (closing.aborted) throw new PipelineError('log.unavailable', 'the log was closed', { retriable: false });
    try {
      return await work();
    } catch (error) {
      if (isFinal(error) || performance.now() > giveUpMs) throw kafkaFailure(error, question);
      logger.debug({ question, type: failureType(error), attempt: backOff.attempts }, 'Kafka did not answer, asking again');
    }
    await backOff.wait(closing);
  }
}

function isFinal(error: unknown): boolean {
  return isLasting(error) || (error instanceof PipelineError && !error.retriable);
}
