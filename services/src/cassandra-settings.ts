/**
 * This file writes a Cassandra node's settings: one node, open or secured, suited to tests and to one machine.
 *
 * They are given out as JSON, which is YAML too.
 */
import { join } from 'node:path';
import type { Security } from './security.ts';

export interface CassandraPorts {
  readonly nativePort: number;
  readonly storagePort: number;
  readonly jmxPort: number;
}

/** When a write is answered: before it is on the disk, or after. */
export type CassandraDurability = 'periodic' | 'synced';

export interface CassandraChoices {
  /** @default 'periodic' */
  readonly durability?: CassandraDurability | undefined;
  /** TLS, passwords and rights. @default none of them */
  readonly secured?: Pick<Security, 'serverFile' | 'caFile'> | undefined;
}

/** The text of `cassandra.yaml` for a node that listens on `host` and keeps its data in `directory`. */
export function cassandraSettings(
  host: string,
  ports: CassandraPorts,
  directory: string,
  { durability = 'periodic', secured }: CassandraChoices = {},
): string {
  const written = { ...commitLogs[durability], ...commitLog, ...storage, ...limits };
  const access = secured === undefined ? open : asking(secured);
  const settings = { ...addresses(host, ports), ...access, ...folders(directory), ...written };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

function addresses(host: string, ports: CassandraPorts): Readonly<Record<string, unknown>> {
  return {
    cluster_name: 'tapeline',
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    endpoint_snitch: 'SimpleSnitch',
    seed_provider: [
      { class_name: 'org.apache.cassandra.locator.SimpleSeedProvider', parameters: [{ seeds: `${host}:${ports.storagePort}` }] },
    ],
    listen_address: host,
    rpc_address: host,
    storage_port: ports.storagePort,
    native_transport_port: ports.nativePort,
    // A single token of our own choice: nothing to allocate, nothing to stream.
    num_tokens: 1,
    initial_token: '-9223372036854775808',
    auto_bootstrap: false,
    role_manager: 'CassandraRoleManager',
  };
}

const open = { authenticator: 'AllowAllAuthenticator', authorizer: 'AllowAllAuthorizer' };

/** As the chart has it, of the same PEM files. */
function asking({ serverFile, caFile }: Pick<Security, 'serverFile' | 'caFile'>): Readonly<Record<string, unknown>> {
  return {
    authenticator: 'PasswordAuthenticator',
    authorizer: 'CassandraAuthorizer',
    client_encryption_options: {
      enabled: true,
      optional: false,
      require_client_auth: false,
      ssl_context_factory: { class_name: 'org.apache.cassandra.security.PEMBasedSslContextFactory' },
      keystore: serverFile,
      truststore: caFile,
    },
  };
}

function folders(directory: string): Readonly<Record<string, unknown>> {
  return {
    data_file_directories: [join(directory, 'data')],
    commitlog_directory: join(directory, 'commitlog'),
    hints_directory: join(directory, 'hints'),
    saved_caches_directory: join(directory, 'saved_caches'),
  };
}

/**
 * Periodic: a write is answered before it is on the disk. After `kill -9` the node reads its commit log up to the last marker, and those
 * are 100 ms apart: the answered writes after it are lost (seen), all before it are kept. When the machine itself goes down,
 * it is the second between two syncs. Synced: the answer waits for the disk, a few writes share a sync.
 *
 * @see https://issues.apache.org/jira/browse/CASSANDRA-13987
 */
const commitLogs = {
  periodic: { commitlog_sync: 'periodic', commitlog_sync_period: '1000ms' },
  synced: { commitlog_sync: 'group', commitlog_sync_group_window: '5ms' },
} as const;

const commitLog = {
  commitlog_segment_size: '16MiB',
  commitlog_total_space: '256MiB',
  // Without this, DROP and TRUNCATE copy the table first.
  auto_snapshot: false,
};

/** Cassandra 5's own formats, which it keeps off by default for the sake of upgrades from 4. */
const storage = {
  storage_compatibility_mode: 'NONE',
  sstable: { selected_format: 'bti' },
  memtable: { configurations: { default: { class_name: 'TrieMemtable' } } },
  memtable_allocation_type: 'offheap_objects',
  memtable_heap_space: '96MiB',
  memtable_offheap_space: '96MiB',
  default_compaction: { class_name: 'UnifiedCompactionStrategy', parameters: { scaling_parameters: 'T4', target_sstable_size: '128MiB' } },
};

const limits = {
  file_cache_size: '48MiB',
  networking_cache_size: '24MiB',
  key_cache_size: '8MiB',
  row_cache_size: '0MiB',
  counter_cache_size: '0MiB',
  prepared_statements_cache_size: '8MiB',
  concurrent_reads: 8,
  concurrent_writes: 16,
  concurrent_compactors: 1,
  // Several hundred rows of one partition in a batch are meant; a batch over many partitions stays well below.
  batch_size_warn_threshold: '64KiB',
  batch_size_fail_threshold: '640KiB',
  // On a busy machine of two cores the defaults of 2 and 5 s fail tests for no fault of theirs.
  read_request_timeout: '10s',
  range_request_timeout: '15s',
  write_request_timeout: '10s',
};
