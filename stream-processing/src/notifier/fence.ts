/**
 * Tells a notifier that it was succeeded. The consumer group gives the topic's one partition to one of them, but one that stood still (a
 * paused machine) learns only by its next heartbeat that the group has gone on. So whoever begins puts its name into a cell of the store, and
 * looks before each message whether it still stands there.
 */
import { randomUUID } from 'node:crypto';
import type { WorkCell } from '@tapeline/database/work-store';

export interface Fence {
  /** False once somebody else has begun. @throws PipelineError `store.unavailable` (retriable) */
  holds(): Promise<boolean>;
}

/**
 * Begins: everybody who began before holds no longer.
 * @throws PipelineError `store.unavailable` (retriable)
 */
export async function takeFence(cell: WorkCell): Promise<Fence> {
  const name = randomUUID();
  for (;;) {
    const { version, text } = await cell.read();
    // An attempt whose outcome was not known may have succeeded.
    if (text === name || (await cell.replace(version, name))) break;
  }
  return { holds: async () => (await cell.read()).text === name };
}

/** Of a folder: only one process works there. */
export const noFence: Fence = { holds: () => Promise.resolve(true) };
