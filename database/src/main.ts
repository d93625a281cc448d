/** The program of the migrations Job: brings the schema of the configured store up to date, and says so. */
import { parseArgs } from 'node:util';
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { exitStatusOf } from '@tapeline/core/service';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { openConfiguredGenerations, openConfiguredStore } from './configured-store.ts';
import { firstGeneration } from './generations.ts';

const help = `Usage: node database/src/main.ts migrate

Brings the schema of the store up to date: Cassandra when CASSANDRA_CONTACT_POINTS is set, else market.sqlite in DATA_DIR.
Each migration runs once, in order, forward only; several may be started at once. Every generation of the tables that was not dropped is
brought up, the one that serves among them. Waits up to two minutes for Cassandra.

Settings: CASSANDRA_CONTACT_POINTS, CASSANDRA_LOCAL_DATACENTER, CASSANDRA_KEYSPACE, CASSANDRA_REPLICATION_FACTOR (when the
keyspace is created), CASSANDRA_USERNAME, CASSANDRA_PASSWORD or CASSANDRA_PASSWORD_FILE, CASSANDRA_TLS, CASSANDRA_CA_FILE,
DATA_DIR, LOG_LEVEL.

  -h, --help  print this
`;

function commandOf(args: readonly string[]): 'help' | 'migrate' {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) return 'help';
    if (positionals.length === 1 && positionals[0] === 'migrate') return 'migrate';
  } catch (error) {
    throw usage(reasonOf(error));
  }
  throw usage(`expected one command, migrate, was "${args.join(' ')}"`);
}

async function migrate(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger({ name: 'migrations', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  // The first one's place holds the notes about the others.
  await migrateGeneration(configuration, logger, firstGeneration);
  const generations = openConfiguredGenerations(configuration, logger);
  try {
    for (const { generation, state } of await generations.list()) {
      if (generation !== firstGeneration && state !== 'dropped') await migrateGeneration(configuration, logger, generation);
    }
  } finally {
    await generations.close();
  }
  logger.info('the schema is up to date');
}

async function migrateGeneration(configuration: Configuration, logger: Logger, generation: number): Promise<void> {
  const store = openConfiguredStore(configuration, { logger, registry: new Registry(), generation });
  try {
    await store.migrate();
    await store.ready();
  } finally {
    await store.close();
  }
}

function usage(reason: string): PipelineError {
  return new PipelineError('usage', `${reason}\n\n${help}`, { retriable: false });
}

try {
  if (commandOf(process.argv.slice(2)) === 'help') process.stdout.write(help);
  else await migrate();
} catch (error) {
  process.exitCode = exitStatusOf(error, line => process.stderr.write(line));
}
