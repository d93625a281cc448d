/**
 * This file looks at a cluster's folder from outside: which of its nodes run, and ends them.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { HOST, nodeDirectoryOf, readCluster } from './cluster-file.ts';
import { exclusively } from './exclusive.ts';
import { residentBytes, runningPid } from './process-identity.ts';
import { stopServer } from './server-node.ts';

/** One line of `services status`. */
export interface NodeState {
  readonly service: 'kafka' | 'cassandra';
  readonly id: number;
  /** For clients. */
  readonly port: number;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  readonly residentBytes: number | undefined;
}

/** The nodes that `directory` knows, running or not; empty when no cluster has been there. */
export async function clusterState(directory: string): Promise<readonly NodeState[]> {
  const path = await realpath(directory).catch(() => undefined);
  const cluster = path === undefined ? undefined : await readCluster(path);
  if (path === undefined || cluster === undefined) return [];
  return await Promise.all(
    cluster.nodes.map(async ({ id, ports: [port = 0] }) => {
      const pid = await runningPid(nodeDirectoryOf(path, id));
      return { service: cluster.service, id, port, pid, residentBytes: pid === undefined ? undefined : await residentBytes(pid) };
    }),
  );
}

/** `host:port` of each node that `directory` knows, for clients, running or not; undefined when no cluster has been there. */
export async function knownAddresses(directory: string): Promise<readonly string[] | undefined> {
  const nodes = await clusterState(directory);
  return nodes.length === 0 ? undefined : nodes.map(({ port }) => `${HOST}:${port}`);
}

/** Ends the nodes of `directory` that run, and no other process; how many those were. */
export async function stopCluster(directory: string, deadlineMs: number): Promise<number> {
  const path = await realpath(directory).catch(() => undefined);
  if (path === undefined) return 0;
  return await exclusively(join(path, 'start.lock'), async () => {
    const nodes = (await readCluster(path))?.nodes ?? [];
    const stopped = await Promise.all(nodes.map(({ id }) => stopServer(nodeDirectoryOf(path, id), deadlineMs)));
    return stopped.filter(Boolean).length;
  });
}
