/** The program of the migrations Job: brings the schema of the configured store up to date, and says so. */
import { runCommandLine } from '@tapeline/core/command-line';
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { createLogger, scrubber } from '@tapeline/core/logging';
import { migrateGenerations } from './migrate-generations.ts';

const help = `Usage: node database/src/main.ts migrate

Brings the schema of the store up to date: Cassandra when CASSANDRA_CONTACT_POINTS is set, else market.sqlite in DATA_DIR.
Each migration runs once, in order, forward only; several may be started at once. Every generation of the tables that was not dropped is
brought up, the one that serves among them. Waits up to two minutes for Cassandra.

Settings: CASSANDRA_CONTACT_POINTS, CASSANDRA_LOCAL_DATACENTER, CASSANDRA_KEYSPACE, CASSANDRA_REPLICATION_FACTOR (when the
keyspace is created), CASSANDRA_USERNAME, CASSANDRA_PASSWORD or CASSANDRA_PASSWORD_FILE, CASSANDRA_TLS, CASSANDRA_CA_FILE,
DATA_DIR, LOG_LEVEL.

  -h, --help  print this
`;

async function migrate(): Promise<number> {
  const configuration = readConfiguration(process.env);
  scrub = scrubber(secretsOf(configuration));
  const logger = createLogger({ name: 'migrations', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  await migrateGenerations(configuration, logger);
  logger.info('the schema is up to date');
  return 0;
}

/** Cuts the secrets out of what is printed past the logger; there are none before the configuration was read. */
let scrub = scrubber([]);

process.exitCode = await runCommandLine({ help, words: ['migrate'], scrub: line => scrub(line) }, migrate);
