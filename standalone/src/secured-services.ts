/** Gives secured servers on loopback their topics, users, roles and rights, and says how each process logs in: what operators and Secrets do in a cluster. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readConfiguration } from '@tapeline/core/configuration';
import { kafkaUsers } from '@tapeline/core/kafka-users';
import { type Role, roles } from '@tapeline/database/cassandra/roles';
import { setUpRoles } from '@tapeline/database/configured-roles';
import { replaceDefaultSuperuser } from '@tapeline/database/default-superuser';
import { migrateGenerations } from '@tapeline/database/migrate-generations';
import { configuredKafka, openConfiguredLog } from '@tapeline/log/configured-log';
import { giveRights } from '@tapeline/log/kafka-rights';
import type { SecuredServers, Securing } from '@tapeline/services/command';

type Settings = Readonly<Record<string, string>>;

const administrator = 'admin';

/** The role of each process in Cassandra; the ingester has none, it does not go there. */
export const roleOfProcess: Readonly<Record<string, Role>> = {
  migrations: 'migrator',
  'stream-processor': 'writer',
  backfiller: 'worker',
  'daily-jobs': 'worker',
  notifier: 'worker',
  'live-board': 'reader',
};

export const securing: Securing = {
  kafkaUsers: kafkaUsers.map(({ name }) => name),
  prepare: async servers => {
    const all = await settingsOf(servers, administrator, administrator);
    if (servers.brokers !== undefined) await prepareKafka(all, servers);
    if (servers.contactPoints !== undefined) await prepareCassandra(all, servers);
    const files = await processFiles(servers);
    const comments = ['# each process with users of its own: . <file> && npm run <process>', ...files.map(file => `#   ${file}`)];
    return [...comments, ...exportsOf(all)];
  },
};

/** What a process is started with to reach the servers. */
export async function settingsOfProcess(servers: SecuredServers, process: string): Promise<Settings> {
  const isOfKafka = kafkaUsers.some(({ name }) => name === process);
  return await settingsOf(servers, isOfKafka ? process : undefined, roleOfProcess[process]);
}

async function settingsOf(
  { security, brokers, contactPoints }: SecuredServers,
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
    };
  const cassandra = contactPoints &&
    cassandraUser && {
      CASSANDRA_CONTACT_POINTS: contactPoints.join(','),
      CASSANDRA_TLS: 'true',
      CASSANDRA_CA_FILE: security.caFile,
      CASSANDRA_USERNAME: cassandraUser,
      CASSANDRA_PASSWORD_FILE: (await security.password(`cassandra-${cassandraUser}`)).file,
    };
  return { ...(kafka || {}), ...(cassandra || {}) };
}

/** Topics as the ingester would make them, who may not; then the rights. */
async function prepareKafka(settings: Settings, { logger }: SecuredServers): Promise<void> {
  const configuration = readConfiguration({ ...process.env, ...settings });
  const options = { clientId: 'services', logger };
  const log = await openConfiguredLog(configuration, options);
  await log.close();
  await giveRights(configuredKafka(configuration, options), kafkaUsers);
}

async function prepareCassandra(settings: Settings, servers: SecuredServers): Promise<void> {
  const { security, contactPoints = [], logger } = servers;
  const ssl = { ca: readFileSync(security.caFile, 'utf8') };
  const { text: password } = await security.password(`cassandra-${administrator}`);
  await replaceDefaultSuperuser({ contactPoints, ssl, logger }, { username: administrator, password });
  const logins = await Promise.all(
    roles.map(async role => ({ role, username: role, password: (await security.password(`cassandra-${role}`)).text })),
  );
  await setUpRoles(readConfiguration(settings), logins, logger);
  await migrateGenerations(readConfiguration(await settingsOfProcess(servers, 'migrations')), logger);
}

/** One for each process, beside the authority's certificate. */
async function processFiles(servers: SecuredServers): Promise<readonly string[]> {
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
