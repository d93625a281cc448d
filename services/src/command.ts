/**
 * This file is `tapeline services up | down | status`: servers for a developer's machine that outlive the command.
 *
 * Standard output is for the shell (`eval "$(tapeline services up)"`), standard error for people.
 */
import { join } from 'node:path';
import { PipelineError } from '@tapeline/core/errors';
import { type Command, Option } from 'commander';
import { pino } from 'pino';
import { CASSANDRA_STOP_DEADLINE_MS, startCassandra } from './cassandra.ts';
import { clusterState, type NodeState, stopCluster } from './cluster-state.ts';
import { KAFKA_STOP_DEADLINE_MS, startKafka } from './kafka.ts';

/** The exit status that shells give to a command ended by Ctrl-C. */
const INTERRUPTED = 130;

/** What the commands were asked for. */
export interface ServicesChoice {
  readonly directory: string;
  readonly kafka: boolean;
  readonly cassandra: boolean;
  /** @default as many as there were in the folder, else 1 */
  readonly brokers?: 1 | 3 | undefined;
}

export interface ServicesOutput {
  /** One line for the shell. */
  readonly out: (line: string) => void;
  /** One line for people. */
  readonly say: (line: string) => void;
}

/** Starts what is not up yet and prints the addresses of all as `export` lines. */
export async function servicesUp(choice: ServicesChoice, output: ServicesOutput, signal?: AbortSignal): Promise<void> {
  const logger = pino({ base: undefined }, { write: line => output.say(JSON.parse(line).msg) });
  const kafka = async () => {
    if (!choice.kafka) return undefined;
    const directory = kafkaFolder(choice);
    const brokers = choice.brokers ?? ((await clusterState(directory)).length === 3 ? 3 : 1);
    const started = await startKafka({ brokers, directory, keep: true, adopt: true, logger, signal });
    return `export KAFKA_BROKERS=${started.brokers.join(',')}`;
  };
  const cassandra = async () => {
    if (!choice.cassandra) return undefined;
    const started = await startCassandra({ directory: cassandraFolder(choice), keep: true, adopt: true, logger, signal });
    return `export CASSANDRA_CONTACT_POINTS=${started.contactPoints.join(',')}`;
  };
  // Both get to their end: one that fails leaves the other up, and a second `up` starts only what is missing.
  const results = await Promise.allSettled([kafka(), cassandra()]);
  for (const result of results) if (result.status === 'fulfilled' && result.value !== undefined) output.out(result.value);
  throwFailures(results);
}

/** Throws what failed, in one message when both did. */
function throwFailures(results: readonly PromiseSettledResult<unknown>[]): void {
  const reasons: readonly unknown[] = results.filter(result => result.status === 'rejected').map(result => result.reason);
  if (reasons.length === 0) return;
  if (reasons.length === 1 || !reasons.every(reason => reason instanceof PipelineError)) throw reasons[0];
  const retriable = reasons.every(reason => reason.retriable);
  throw new PipelineError('services.unavailable', reasons.map(reason => reason.message).join('\n'), { retriable });
}

/** Ends what `up` started in this folder; the data stays. */
export async function servicesDown(choice: ServicesChoice, output: ServicesOutput): Promise<void> {
  const end = async (name: string, folder: string, deadlineMs: number) => {
    const count = await stopCluster(folder, deadlineMs);
    output.say(count === 0 ? `${name}: was not up` : `${name}: ${count} node(s) stopped`);
  };
  await Promise.all([
    choice.kafka ? end('kafka', kafkaFolder(choice), KAFKA_STOP_DEADLINE_MS) : undefined,
    choice.cassandra ? end('cassandra', cassandraFolder(choice), CASSANDRA_STOP_DEADLINE_MS) : undefined,
  ]);
}

/** Prints a line for each node of this folder. */
export async function servicesStatus(choice: ServicesChoice, output: ServicesOutput): Promise<void> {
  const folders = [...(choice.kafka ? [kafkaFolder(choice)] : []), ...(choice.cassandra ? [cassandraFolder(choice)] : [])];
  const nodes = (await Promise.all(folders.map(clusterState))).flat();
  if (nodes.length === 0) output.say(`no servers in ${choice.directory}; start them with services up`);
  else for (const line of statusTable(nodes)) output.out(line);
}

/** Mounts `services` with its three commands in `program`. */
export function addServicesCommand(program: Command): void {
  const services = program.command('services').description('Kafka and Cassandra on this machine, for tests and trials (Java 17)');
  const output: ServicesOutput = {
    out: line => void process.stdout.write(`${line}\n`),
    say: line => void process.stderr.write(`${line}\n`),
  };
  subcommand(services, 'up', 'start them and print the variables that name them; what is up already stays as it is')
    .addOption(new Option('--brokers <count>', 'Kafka brokers (default: as before, else 1)').choices(['1', '3']))
    .action(async (flags: Flags) => await interruptible(output, signal => servicesUp(choiceOf(flags), output, signal)));
  subcommand(services, 'down', 'stop them; their data stays').action(async (flags: Flags) => await servicesDown(choiceOf(flags), output));
  subcommand(services, 'status', 'show them').action(async (flags: Flags) => await servicesStatus(choiceOf(flags), output));
}

interface Flags {
  readonly directory: string;
  readonly kafka: boolean;
  readonly cassandra: boolean;
  readonly brokers?: '1' | '3';
}

function subcommand(services: Command, name: string, description: string): Command {
  return services
    .command(name)
    .description(description)
    .option('--directory <path>', 'where they keep state and logs', join('.tapeline', 'services'))
    .option('--no-kafka', 'leave Kafka out')
    .option('--no-cassandra', 'leave Cassandra out');
}

function choiceOf(flags: Flags): ServicesChoice {
  const brokers = flags.brokers === undefined ? undefined : flags.brokers === '3' ? 3 : 1;
  return { directory: flags.directory, kafka: flags.kafka, cassandra: flags.cassandra, brokers };
}

/** Ctrl-C gives the start up and ends what was half started; npm may pass it on twice, and the second changes nothing. */
async function interruptible(output: ServicesOutput, action: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    await action(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    output.say('interrupted: what was still starting has been ended');
    process.exitCode = INTERRUPTED;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

function kafkaFolder(choice: ServicesChoice): string {
  return join(choice.directory, 'kafka');
}

function cassandraFolder(choice: ServicesChoice): string {
  return join(choice.directory, 'cassandra');
}

/** Columns name, node, pid, port and rss, aligned. */
function statusTable(nodes: readonly NodeState[]): readonly string[] {
  const header = ['name', 'node', 'pid', 'port', 'rss'];
  const rows = nodes.map(({ service, id, pid, port, residentBytes }) => [
    service,
    String(id),
    pid === undefined ? 'down' : String(pid),
    String(port),
    residentBytes === undefined ? '-' : `${Math.round(residentBytes / 1024 / 1024)} MB`,
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map(row => row[column]?.length ?? 0)));
  return [header, ...rows].map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
