/** This file notices pods of a real node that will never run, so that a test fails at once and not at its deadline. */
import { pause } from '@tapeline/core/pause';
import type { RealNode } from './real-node.ts';

const PERIOD_MS = 5_000;
/** More than a start on a busy machine takes. */
const MOST_RESTARTS = 5;
/** All images are there from the start, so one that is not never comes. */
const reasons: readonly string[] = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName', 'CreateContainerError'];

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly containerStatuses?: readonly ContainerStatus[]; readonly initContainerStatuses?: readonly ContainerStatus[] };
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly state: { readonly waiting?: { readonly reason?: string } };
}

/**
 * Waits for what `use` does for as long as the pods may still become ready.
 *
 * @throws Error with the pod that cannot, or when the time is over; the signal aborts then
 */
export async function whileHopeful<T>(node: RealNode, timeoutMs: number, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const done = new AbortController();
  const hopeless = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), hopeless.signal]);
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  watch(node, hopeless, done.signal).catch(reject);
  return await Promise.race([use(signal), promise]).finally(() => done.abort());
}

async function watch(node: RealNode, hopeless: AbortController, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const what = await look(node).catch(() => undefined);
    if (what !== undefined) return hopeless.abort(new Error(what));
    await pause(PERIOD_MS, until);
  }
}

async function look(node: RealNode): Promise<string | undefined> {
  const { items } = JSON.parse(await node.kubectl(['get', 'pods', '--all-namespaces', '-o', 'json'])) as { items: readonly Pod[] };
  for (const { metadata, status } of items) {
    for (const { name, restartCount, state } of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
      const reason = state.waiting?.reason ?? '';
      if (reasons.includes(reason)) return `${name} of pod ${metadata.name} cannot start: ${reason}`;
      if (restartCount > MOST_RESTARTS) return `${name} of pod ${metadata.name} has ended ${restartCount} times`;
    }
  }
  return undefined;
}
