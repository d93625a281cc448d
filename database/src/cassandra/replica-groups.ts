/** Which partitions live on the same nodes: rows of these may go in one batch without a detour over the network. */
import type { Client } from 'cassandra-driver';

const mostKnown = 100_000;

/** Gives a function that names the nodes of a partition in the keyspace; '' as long as they are not known, or there is but one. */
export function replicaGroups(clientNow: () => Client | undefined, keyspace: string): (partition: readonly string[]) => string {
  const known = new Map<string, string>();
  let hosts = 0;
  return partition => {
    const client = clientNow();
    if (client === undefined || client.hosts.length < 2) return '';
    // A stale name costs a detour and nothing else, so that it is enough to begin anew with every node that comes or goes.
    if (client.hosts.length !== hosts || known.size >= mostKnown) known.clear();
    hosts = client.hosts.length;
    const text = partition.join('\n');
    const name = known.get(text) ?? nodesOf(client, keyspace, partition);
    known.set(text, name);
    return name;
  };
}

function nodesOf(client: Client, keyspace: string, partition: readonly string[]): string {
  const replicas = client.getReplicas(keyspace, routingKeyOf(partition)) ?? [];
  return replicas
    .map(host => host.address)
    .sort()
    .join();
}

/** As Cassandra hashes it: a single value as it is, several each between its length and a zero. */
export function routingKeyOf(partition: readonly string[]): Buffer {
  const values = partition.map(value => Buffer.from(value));
  const [first] = values;
  if (first !== undefined && values.length === 1) return first;
  const parts = values.flatMap(value => [Buffer.from([value.length >> 8, value.length & 0xff]), value, Buffer.from([0])]);
  return Buffer.concat(parts);
}
