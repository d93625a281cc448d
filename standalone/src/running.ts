/** A part of a process that runs by itself until it is told to stop. */
import type { Part } from '@tapeline/core/service';

/** Makes a part of something that runs until its signal aborts; what it throws before that fails the process. */
export function running(name: string, run: (signal: AbortSignal) => Promise<unknown>): Part {
  const stop = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let finished: Promise<void> = Promise.resolve();
  return {
    name,
    failed: failed.promise,
    start: async () => {
      finished = run(stop.signal).then(
        () => undefined,
        (error: unknown) => {
          failed.reject(error);
          if (stop.signal.aborted) throw error;
        },
      );
    },
    stop: async () => {
      stop.abort();
      await finished;
    },
  };
}
