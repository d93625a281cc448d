/**
 * This file is `tapeline services up | down | status`: servers for a developer's machine that outlive the command.
 *
 * Standard output is for the shell (`eval "$(tapeline services up)"`), standard error for people.
 */
import { basename, join } from 'node:path';
import { PipelineError } from '@tapeline/core/errors';
import { type Command, Option } from 'commander';
import { type Logger, pino } from 'pino';
import { CASSANDRA_STOP_DEADLINE_MS, startCassandra } from './cassandra.ts';
import { clusterState, knownAddresses, type NodeState, stopCluster } from './cluster-state.ts';
import { KAFKA_STOP_DEADLINE_MS, startKafka } from './kafka.ts';
import { openSecurity, type Security } from './security.ts';

/** The exit status that shells give to a command ended by Ctrl-C. */
const INTERRUPTED = 130;

/** What the commands were asked for. */
export interface ServicesChoice {
  readonly directory: string;
  readonly kafka: boolean;
  readonly cassandra: boolean;
  /** @default as many as there were in the folder, else 1 */
  readonly brokers?: 1 | 3 | undefined;
  /** For `up`: servers that ask who is there, beside those that do not. @default false */
  readonly secured?: boolean | undefined;
}

/** `host:port` of each. */
export interface Addresses {
  readonly brokers: readonly string[] | undefined;
  readonly contactPoints: readonly string[] | undefined;
}

/** What came up of secured servers. */
export interface SecuredServers extends Addresses {
  readonly security: Security;
  /** With those that were left out or failed, and were there before: processes go on being told of them. */
  readonly known: Addresses;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** Gives secured servers their users and rights, for this folder knows none of their protocols. */
export interface Securing {
  /** Of Kafka, beside `admin`. */
  readonly kafkaUsers: readonly string[];
  /** Repeatable, and given up when the signal aborts. @returns lines for the shell: how to connect, and as whom. */
  prepare(servers: SecuredServers): Promise<readonly string[]>;
}

export interface ServicesOutput {
  /** One line for the shell. */
  readonly out: (line: string) => void;
  /** One line for people. */
  readonly say: (line: string) => void;
}

/** Starts what is not up yet and prints the addresses of all as `export` lines. `securing` is asked for secured ones only. */
export async function servicesUp(choice: ServicesChoice, output: ServicesOutput, signal?: AbortSignal, securing?: Securing): Promise<void> {
  const security = securing && choice.secured ? await openSecurity(join(choice.directory, 'security')) : undefined;
  const logger = pino({ base: undefined }, { write: line => output.say(JSON.parse(line).msg) });
  const kafka = async () => {
    if (!choice.kafka) return undefined;
    const directory = folderOf(choice, 'kafka', choice.secured);
    const secured = security && { security, users: securing?.kafkaUsers ?? [] };
    const brokers = choice.brokers ?? ((await clusterState(directory)).length === 3 ? 3 : 1);
    const started = await startKafka({ brokers, directory, secured, keep: true, adopt: true, logger, signal });
    return started.brokers;
  };
  const cassandra = async () => {
    if (!choice.cassandra) return undefined;
    const directory = folderOf(choice, 'cassandra', choice.secured);
    const started = await startCassandra({ directory, secured: security, keep: true, adopt: true, logger, signal });
    return started.contactPoints;
  };
  // Both get to their end: one that fails leaves the other up, and a second `up` starts only what is missing.
  const results = await Promise.allSettled([kafka(), cassandra()]);
  const [brokers, contactPoints] = results.map(result => (result.status === 'fulfilled' ? result.value : undefined));
  const up = { brokers, contactPoints };
  const prepare = async (files: Security) => {
    signal?.throwIfAborted();
    return await securing?.prepare({ ...up, known: await knownOf(choice, up), security: files, logger, signal });
  };
  const secured = security && (await prepare(security));
  for (const line of secured ?? openLines(brokers, contactPoints)) output.out(line);
  throwFailures(results);
}

/** What is up, and what the folder of secured servers knows besides. */
async function knownOf(choice: ServicesChoice, up: Addresses): Promise<Addresses> {
  return {
    brokers: up.brokers ?? (await knownAddresses(folderOf(choice, 'kafka', true))),
    contactPoints: up.contactPoints ?? (await knownAddresses(folderOf(choice, 'cassandra', true))),
  };
}

function openLines(brokers: readonly string[] | undefined, contactPoints: readonly string[] | undefined): readonly string[] {
  return [
    ...(brokers === undefined ? [] : [`export KAFKA_BROKERS=${brokers.join(',')}`]),
    ...(contactPoints === undefined ? [] : [`export CASSANDRA_CONTACT_POINTS=${contactPoints.join(',')}`]),
  ];
}

/** Throws what failed, in one message when both did. */
function throwFailures(results: readonly PromiseSettledResult<unknown>[]): void {
  const reasons: readonly unknown[] = results.filter(result => result.status === 'rejected').map(result => result.reason);
  if (reasons.length === 0) return;
  if (reasons.length === 1 || !reasons.every(reason => reason instanceof PipelineError)) throw reasons[0];
  const retriable = reasons.every(reason => reason.retriable);
  throw new PipelineError('services.unavailable', reasons.map(reason => reason.message).join('\n'), { retriable });
}

/** Ends what `up` started in this folder, secured or not; the data stays. */
export async function servicesDown(choice: ServicesChoice, output: ServicesOutput): Promise<void> {
  const end = async (service: Service, deadlineMs: number) => {
    const folders = [false, true].map(isSecured => folderOf(choice, service, isSecured));
    const stopped = await Promise.all(folders.map(folder => stopCluster(folder, deadlineMs)));
    const count = stopped.reduce((sum, one) => sum + one, 0);
    output.say(count === 0 ? `${service}: was not up` : `${service}: ${count} node(s) stopped`);
  };
  await Promise.all([
    choice.kafka ? end('kafka', KAFKA_STOP_DEADLINE_MS) : undefined,
    choice.cassandra ? end('cassandra', CASSANDRA_STOP_DEADLINE_MS) : undefined,
  ]);
}

/** Prints a line for each node of this folder. */
export async function servicesStatus(choice: ServicesChoice, output: ServicesOutput): Promise<void> {
  const services: readonly Service[] = [
    ...(choice.kafka ? (['kafka'] as const) : []),
    ...(choice.cassandra ? (['cassandra'] as const) : []),
  ];
  const folders = services.flatMap(service => [false, true].map(isSecured => folderOf(choice, service, isSecured)));
  const states = await Promise.all(folders.map(async folder => ({ name: basename(folder), nodes: await clusterState(folder) })));
  const nodes = states.flatMap(({ name, nodes }) => nodes.map(node => ({ name, ...node })));
  if (nodes.length === 0) output.say(`no servers in ${choice.directory}; start them with services up`);
  else for (const line of statusTable(nodes)) output.out(line);
}

const upHelp = `
With --secured both are servers of their own, beside the open ones: TLS by an authority made for them, SCRAM-SHA-512 and ACLs (Kafka), passwords and
roles (Cassandra). What is printed logs in as the administrator, as npm start needs it; comments name a file of settings for each process.`;

/** Mounts `services` with its three commands in `program`; without `securing` there are no secured servers. */
export function addServicesCommand(program: Command, securing?: Securing): void {
  const services = program.command('services').description('Kafka and Cassandra on this machine, for tests and trials (Java 17)');
  const output: ServicesOutput = {
    out: line => void process.stdout.write(`${line}\n`),
    say: line => void process.stderr.write(`${line}\n`),
  };
  const up = subcommand(services, 'up', 'start them and print the variables that name them; what is up already stays as it is')
    .addOption(new Option('--brokers <count>', 'Kafka brokers (default: as before, else 1)').choices(['1', '3']))
    .action(async (flags: Flags) => await interruptible(output, signal => servicesUp(choiceOf(flags), output, signal, securing)));
  if (securing !== undefined) {
    up.option('--secured', 'servers that ask for TLS and passwords, with a user for each process').addHelpText('after', upHelp);
  }
  subcommand(services, 'down', 'stop them; their data stays').action(async (flags: Flags) => await servicesDown(choiceOf(flags), output));
  subcommand(services, 'status', 'show them').action(async (flags: Flags) => await servicesStatus(choiceOf(flags), output));
}

interface Flags {
  readonly directory: string;
  readonly kafka: boolean;
  readonly cassandra: boolean;
  readonly brokers?: '1' | '3';
  readonly secured?: boolean;
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
  return { directory: flags.directory, kafka: flags.kafka, cassandra: flags.cassandra, brokers, secured: flags.secured };
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

type Service = NodeState['service'];

function folderOf({ directory }: ServicesChoice, service: Service, isSecured = false): string {
  return join(directory, isSecured ? `${service}-secured` : service);
}

/** Columns name (`kafka`, `kafka-secured`), node, pid, port and rss, aligned. */
function statusTable(nodes: readonly (NodeState & { readonly name: string })[]): readonly string[] {
  const header = ['name', 'node', 'pid', 'port', 'rss'];
  const rows = nodes.map(({ name, id, pid, port, residentBytes }) => [
    name,
    String(id),
    pid === undefined ? 'down' : String(pid),
    String(port),
    residentBytes === undefined ? '-' : `${Math.round(residentBytes / 1024 / 1024)} MiB`,
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map(row => row[column]?.length ?? 0)));
  return [header, ...rows].map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
