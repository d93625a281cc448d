/** What commands print: no faster than its reader takes it, whole before the process ends, and for no longer than until Ctrl-C. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasLeft } from '@tapeline/core/readers-that-leave';

/** The exit status that shells give to a command ended by Ctrl-C. */
export const interrupted = 130;

/** What an interrupted command still waits for readers that are only slow. */
const lastWaitMs = 500;

/** A reader that leaves has what it wanted, and ends the process. @returns false when the signal came first: what was printed is a part. */
export async function print(texts: Iterable<string> | AsyncIterable<string>, signal: AbortSignal): Promise<boolean> {
  process.stdout.on('error', error => {
    if (hasLeft(error)) process.exit(0);
  });
  for await (const text of texts) {
    if (signal.aborted) return false;
    if (process.stdout.write(text)) continue;
    await once(process.stdout, 'drain', { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  return !signal.aborted;
}

/** Takes what can be told of a command that goes on, and tells it to people once a second. */
export function everySecond(): (line: () => string) => void {
  let nextMs = performance.now() + 1_000;
  let calls = 0;
  return line => {
    calls += 1;
    if (calls % 1_024 !== 0 || performance.now() < nextMs) return;
    nextMs = performance.now() + 1_000;
    process.stderr.write(`${line()}\n`);
  };
}

/** Ends the process once readers have all that was written, or a signal says not to wait for them. */
export async function endProcess(status: number): Promise<never> {
  const streams = [process.stdout, process.stderr].filter(stream => stream.writableLength > 0);
  if (streams.length === 0) process.exit(status);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(interrupted));
  const taken = Promise.all(streams.map(stream => new Promise(resolve => stream.write('', resolve))));
  await (status === interrupted ? Promise.race([taken, sleep(lastWaitMs)]) : taken);
  process.exit(status);
}
