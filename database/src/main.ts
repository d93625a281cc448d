/** The program of the migrations: brings the schema of the configured store up to date, drops tables, and makes Cassandra's roles. */
import { userInfo } from 'node:os';
import { type GivenOptions, runCommandLine, usageFault } from '@tapeline/core/command-line';
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { createLogger, scrubber } from '@tapeline/core/logging';
import type { Logger } from 'pino';
import { type Login, type Role, roles } from './cassandra/roles.ts';
import { loginIn, setUpRoles } from './configured-roles.ts';
import { openConfiguredGenerations } from './configured-store.ts';
import { migrateGenerations } from './migrate-generations.ts';

const help = `Usage: npm run migrations -- migrate [--spare]
       npm run migrations -- drop <generation>
       npm run migrations -- roles [--migrator <folder>] [--writer <folder>] [--worker <folder>] [--reader <folder>]

migrate  brings the schema of the store up to date: Cassandra when CASSANDRA_CONTACT_POINTS is set, else market.sqlite in DATA_DIR.
         Each migration runs once, in order, forward only; several may be started at once. Every generation of the tables that was not
         dropped is brought up, the one that serves among them. Waits up to two minutes for Cassandra.
  --spare          also makes the tables of the next generation: for a rebuild by a writer, which may fill tables but make none
drop     deletes the tables of a generation that does not serve, as tapeline generations --drop does, for a user whose role may drop tables
roles    as an administrator of Cassandra (CASSANDRA_USERNAME), once: makes the roles <keyspace>_migrator, _writer, _worker and _reader, gives them
         their rights, and lets logins be members of them; docs/security.md lists the rights. Repeatable. What is migrated later by the
         migrator gets its rights then.
  --<role> <folder>  a login of this role, as a mounted Secret describes it: a file username, and a file password where the login is to be
                     made, or its password changed; as often as there are logins

Settings: CASSANDRA_CONTACT_POINTS, CASSANDRA_LOCAL_DATACENTER, CASSANDRA_KEYSPACE, CASSANDRA_REPLICATION_FACTOR (when the
keyspace is created), CASSANDRA_USERNAME, CASSANDRA_PASSWORD or CASSANDRA_PASSWORD_FILE, CASSANDRA_TLS, CASSANDRA_CA_FILE,
DATA_DIR, LOG_LEVEL.

  -h, --help  print this
`;

type Command =
  | { readonly name: 'migrate'; readonly spare: boolean }
  | { readonly name: 'drop'; readonly generation: number }
  | { readonly name: 'roles'; readonly folders: readonly (readonly [Role, string])[] };

const folder = { type: 'string', multiple: true } as const;
const options = { spare: { type: 'boolean' }, migrator: folder, writer: folder, worker: folder, reader: folder } as const;

/** Cuts the secrets out of what is printed past the logger; there are none before the configuration was read. */
let scrub = scrubber([]);

process.exitCode = await runCommandLine(
  { help, options, words: 'any', faultsShowHelp: true, scrub: line => scrub(line) },
  async (given, words) => {
    await run(commandOf(given, words));
    return 0;
  },
);

/** @throws PipelineError `usage`. */
function commandOf(given: GivenOptions, words: readonly string[]): Command {
  const [name, number, ...rest] = words;
  const spare = given.spare === true;
  const folders = roles.flatMap(role => foldersIn(given, role).map(path => [role, path] as const));
  const isAlone = number === undefined && rest.length === 0;
  if (name === 'migrate' && isAlone && folders.length === 0) return { name, spare };
  if (name === 'roles' && isAlone && !spare) return { name, folders };
  const isDrop = name === 'drop' && rest.length === 0 && !spare && folders.length === 0;
  if (isDrop && /^[1-9]\d{0,5}$/.test(number ?? '')) return { name, generation: Number(number) };
  const said = process.argv.slice(2).join(' ');
  throw usageFault(`expected one command, migrate, drop with the number of a generation, or roles, was "${said}"\n\n${help}`);
}

function foldersIn(given: GivenOptions, role: Role): readonly string[] {
  const folders = given[role];
  return Array.isArray(folders) ? folders : [];
}

async function run(command: Command): Promise<void> {
  const configuration = readConfiguration(process.env);
  const logins = command.name === 'roles' ? command.folders.map(([role, folder]) => loginIn(folder, role)) : [];
  const secrets = [...secretsOf(configuration), ...logins.flatMap(({ password }: Login) => password ?? [])];
  scrub = scrubber(secrets);
  const logger = createLogger({ name: 'migrations', level: configuration.LOG_LEVEL, secrets });
  if (command.name === 'migrate') {
    await migrateGenerations(configuration, logger, command);
    logger.info('the schema is up to date');
  } else if (command.name === 'drop') {
    await drop(configuration, logger, command.generation);
    logger.info({ generation: command.generation }, 'the generation is dropped');
  } else {
    await setUpRoles(configuration, logins, logger);
    logger.info('the roles are there');
  }
}

async function drop(configuration: Configuration, logger: Logger, generation: number): Promise<void> {
  const generations = openConfiguredGenerations(configuration, logger);
  try {
    await generations.drop(generation, operator());
  } finally {
    await generations.close();
  }
}

/** Who drops something, for the notes; a container may run under a number that has no name. */
function operator(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
