/** Gives secured servers on loopback their topics, users, roles and rights, and says how each process logs in: what operators and Secrets do in a cluster. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readConfiguration } from '@tapeline/core/configuration';
import { kafkaUsers, kafkaUsersOf } from '@tapeline/core/kafka-users';
import { type Role, roles } from '@tapeline/database/cassandra/roles';
import { setUpRoles } from '@tapeline/database/configured-roles';
import { replaceDefaultSuperuser } from '@tapeline/database/default-superuser';
import { migrateGenerations } from '@tapeline/database/migrate-generations';
import { configuredKafka, openConfiguredLog } from '@tapeline/log/configured-log';
import { giveRights } from '@tapeline/log/kafka-rights';
import type { SecuredServers, Securing } from '@tapeline/services/command';

type Settings = Readonly<Record<string, string>>;
type Environment = Readonly<Record<string, string | undefined>>;

const administrator = 'admin';

/** The role of each process in Cassandra; the ingester has none, it does not go there. */
const roleOfProcess: Readonly<Record<string, Role>> = {
  migrations: 'migrator',
  'stream-processor': 'writer',
  backfiller: 'worker',
  'daily-jobs': 'worker',
  notifier: 'worker',
  'live-board': 'reader',
};

/** Settings that say which of several pipelines in the servers is meant: rights are given for them, and processes are told of them. */
const ofKafka = ['KAFKA_TOPIC_PREFIX', 'KAFKA_GROUP', 'KAFKA_FEED_PARTITIONS'] as const;
const ofCassandra = ['CASSANDRA_KEYSPACE'] as const;

export function securing(environment: Environment): Securing {
  return {
    kafkaUsers: kafkaUsers.map(({ name }) => name),
    prepare: async servers => {
      const all = await settingsOf({ ...servers, environment }, administrator, administrator);
      if (servers.brokers !== undefined) await prepareKafka(all, servers);
      servers.signal?.throwIfAborted();
      if (servers.contactPoints !== undefined) await prepareCassandra(all, { ...servers, environment });
      servers.signal?.throwIfAborted();
      const files = await processFiles({ ...servers, ...servers.known, environment });
      const comments = ['# each process with users of its own: . <file> && npm run <process>', ...files.map(file => `#   ${file}`)];
      return [...comments, ...exportsOf(all)];
    },
  };
}

/** Servers for the pipeline that the environment names. */
export interface PipelineServers extends Pick<SecuredServers, 'security' | 'brokers' | 'contactPoints'> {
  readonly environment: Environment;
}

/** What a process is started with to reach the servers. */
export async function settingsOfProcess(servers: PipelineServers, process: string): Promise<Settings> {
  const isOfKafka = kafkaUsers.some(({ name }) => name === process);
  return await settingsOf(servers, isOfKafka ? process : undefined, roleOfProcess[process]);
}

async function settingsOf(
  { security, brokers, contactPoints, environment }: PipelineServers,
  kafkaUser: string | undefined,
  cassandraUser: string | undefined,
): Promise<Settings> {
  const kafka = brokers &&
    kafkaUser && {
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TLS: 'true',
      KAFKA_CA_FILE: security.caFile,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_USERNAME: kafkaUser,
      KAFKA_PASSWORD_FILE: (await security.password(`kafka-${kafkaUser}`)).file,
      ...picked(environment, ofKafka),
    };
  const cassandra = contactPoints &&
    cassandraUser && {
      CASSANDRA_CONTACT_POINTS: contactPoints.join(','),
      CASSANDRA_TLS: 'true',
      CASSANDRA_CA_FILE: security.caFile,
      CASSANDRA_USERNAME: cassandraUser,
      CASSANDRA_PASSWORD_FILE: (await security.password(`cassandra-${cassandraUser}`)).file,
      ...picked(environment, ofCassandra),
    };
  return { ...(kafka || {}), ...(cassandra || {}) };
}

function picked(environment: Environment, names: readonly string[]): Settings {
  const given = names.map(name => [name, environment[name]] as const);
  return Object.fromEntries(given.filter((entry): entry is readonly [string, string] => (entry[1] ?? '') !== ''));
}

/** Topics as the ingester would make them, who may not; then the rights. */
async function prepareKafka(settings: Settings, { logger }: SecuredServers): Promise<void> {
  const configuration = readConfiguration(settings);
  const options = { clientId: 'services', logger };
  const log = await openConfiguredLog(configuration, options);
  await log.close();
  const users = kafkaUsersOf({ prefix: configuration.KAFKA_TOPIC_PREFIX, group: configuration.KAFKA_GROUP });
  await giveRights(configuredKafka(configuration, options), users);
}

async function prepareCassandra(settings: Settings, servers: SecuredServers & PipelineServers): Promise<void> {
  const { security, contactPoints = [], logger, signal } = servers;
  const ssl = { ca: readFileSync(security.caFile, 'utf8') };
  const { text: password } = await security.password(`cassandra-${administrator}`);
  await replaceDefaultSuperuser({ contactPoints, ssl, logger }, { username: administrator, password });
  const logins = await Promise.all(
    roles.map(async role => ({ role, username: role, password: (await security.password(`cassandra-${role}`)).text })),
  );
  await setUpRoles(readConfiguration(settings), logins, logger, signal);
  signal?.throwIfAborted();
  await migrateGenerations(readConfiguration(await settingsOfProcess(servers, 'migrations')), logger);
}

/** One for each process, beside the authority's certificate. */
async function processFiles(servers: PipelineServers): Promise<readonly string[]> {
  const folder = join(dirname(servers.security.caFile), 'settings');
  await mkdir(folder, { recursive: true });
  const names = [...new Set([...Object.keys(roleOfProcess), 'ingester'])].sort();
  return await Promise.all(
    names.map(async name => {
      const file = join(folder, `${name}.env`);
      await writeFile(file, `${exportsOf(await settingsOfProcess(servers, name)).join('\n')}\n`, { mode: 0o600 });
      return file;
    }),
  );
}

function exportsOf(settings: Settings): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
}
