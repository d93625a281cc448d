/** The program of the migrations Job: brings the schema of the configured store up to date, and says so. */
import { parseArgs } from 'node:util';
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { createLogger, scrubber } from '@tapeline/core/logging';
import { exitStatusOf } from '@tapeline/core/service';
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
  scrub = scrubber(secretsOf(configuration));
  const logger = createLogger({ name: 'migrations', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  await migrateGenerations(configuration, logger);
  logger.info('the schema is up to date');
}

function usage(reason: string): PipelineError {
  return new PipelineError('usage', `${reason}\n\n${help}`, { retriable: false });
}

/** Cuts the secrets out of what is printed past the logger; there are none before the configuration was read. */
let scrub = scrubber([]);

try {
  if (commandOf(process.argv.slice(2)) === 'help') process.stdout.write(help);
  else await migrate();
} catch (error) {
  process.exitCode = exitStatusOf(error, line => process.stderr.write(scrub(line)));
}
