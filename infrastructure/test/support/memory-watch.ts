/**
 * This file watches how much memory the containers of a real node use, by the kernel's own count.
 *
 * A container's control group goes with it, so it is looked at every few seconds while pods come and go.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@tapeline/core/pause';
import type { RealNode } from './real-node.ts';

const PERIOD_MS = 4_000;

export interface ContainerMemory {
  readonly namespace: string;
  /** The container's name, which all pods of a workload share. */
  readonly container: string;
  /** The most that was seen of what cannot be given back: heaps, stacks, the kernel's own, files in memory. The kernel kills for this. */
  readonly usedBytes: number;
  /** The most at any moment, with the page cache, which grows up to the limit and gives way. */
  readonly peakBytes: number;
  readonly limitBytes: number;
  /** True when the kernel ended one of them for want of memory. */
  readonly isKilled: boolean;
}

export interface MemoryWatch {
  /** Ends it and gives what was seen, by namespace and name. */
  stop(): Promise<readonly ContainerMemory[]>;
}

interface Pod {
  readonly metadata: { readonly namespace: string };
  readonly status: { readonly containerStatuses?: readonly ContainerStatus[] };
}

interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly lastState: { readonly terminated?: { readonly reason: string } };
}

export function watchMemory(node: RealNode): MemoryWatch {
  const stopping = new AbortController();
  const seen = new Map<string, ContainerMemory>();
  const look = async () => {
    const { items } = JSON.parse(await node.kubectl(['get', 'pods', '--all-namespaces', '-o', 'json'])) as { items: readonly Pod[] };
    const groups = controlGroups(node.directory);
    for (const { metadata, status } of items) {
      for (const { name, containerID, lastState } of status.containerStatuses ?? []) {
        const group = groups.get(containerID?.replace('containerd://', '') ?? '');
        const isKilled = lastState.terminated?.reason === 'OOMKilled';
        if (group !== undefined) keepHighest(seen, { namespace: metadata.namespace, container: name, isKilled, ...readGroup(group) });
      }
    }
  };
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await look().catch(() => undefined);
      await pause(PERIOD_MS, stopping.signal);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await watching;
      await look();
      return [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, memory]) => memory);
    },
  };
}

/** Folder of each container's control group, by the container's id: kubepods/<class>/pod<uid>/<id>. */
function controlGroups(nodeDirectory: string): ReadonlyMap<string, string> {
  const own = readFileSync(join(nodeDirectory, 'cgroups'), 'utf8').split('\n');
  const root = join(own.find(path => path.startsWith('/sys/fs/cgroup/memory/')) ?? '', 'kubepods');
  const folders = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isDirectory());
  return new Map(folders.map(entry => [entry.name, join(entry.parentPath, entry.name)]));
}

function readGroup(folder: string): { usedBytes: number; peakBytes: number; limitBytes: number } {
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const counts = read('memory.stat');
  const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(counts)?.[1] ?? 0);
  return {
    usedBytes: Number(read('memory.usage_in_bytes')) - count('total_cache') + count('total_shmem'),
    peakBytes: Number(read('memory.max_usage_in_bytes')),
    limitBytes: Number(read('memory.limit_in_bytes')),
  };
}

function keepHighest(seen: Map<string, ContainerMemory>, memory: ContainerMemory): void {
  const key = `${memory.namespace} ${memory.container}`;
  const before = seen.get(key) ?? memory;
  seen.set(key, {
    ...memory,
    usedBytes: Math.max(before.usedBytes, memory.usedBytes),
    peakBytes: Math.max(before.peakBytes, memory.peakBytes),
    isKilled: before.isKilled || memory.isKilled,
  });
}
