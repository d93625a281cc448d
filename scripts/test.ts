/**
 * The test command: checks, unit tests, then integration and end-to-end tests on a real Kafka, a real Cassandra and a real Chromium.
 *
 *   npm test                    checks, unit, integration and e2e; in CI all
 *   npm test -- unit cluster    only the parts named: checks, unit, integration, e2e, slow, bench, chaos, cluster, node
 *
 * `slow` is what takes minutes and seldom tells more than the rest: seeded schedules of failures, storms of feeds, servers with TLS. `bench`
 * is a short benchmark, which wants the machine for itself; `chaos` five minutes of everything that can go wrong; `cluster` charts and stacks
 * on a real Kubernetes API server, `node` pods of all stages on a real Kubernetes node (root and Debian's packages of a node, which the test
 * names). The last two need the shared tools: without them they are skipped, loudly, which is forgiven in CI too.
 *
 * Servers named by KAFKA_BROKERS and CASSANDRA_CONTACT_POINTS are used; otherwise they are started here and stopped at the end.
 * Without Java the integration tests are skipped, loudly; in CI (CI=true) that is a failure. Ends with a line that counts.
 *
 * All that is temporary, of the tests too, is in one folder, which is gone at the end and after Ctrl-C.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@tapeline/core/logging';
import { startCassandra } from '@tapeline/services/cassandra';
import { countForgiven, type JestReport } from '@tapeline/services/forgiven-skips';
import { startKafka } from '@tapeline/services/kafka';

const parts = ['checks', 'unit', 'integration', 'e2e', 'slow', 'bench', 'chaos', 'cluster', 'node'] as const;
type PartName = (typeof parts)[number];

interface Outcome {
  readonly part: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of those that were skipped. */
  readonly forgiven: number;
  readonly seconds: number;
}

interface Servers {
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The parts that use servers, with the options that choose their tests; those of the cluster run one after the other. */
const serverTests: Partial<Record<PartName, readonly string[]>> = {
  integration: ['--maxWorkers', '2', '--testPathPatterns', '(?<!\\.cluster)\\.integration\\.test\\.ts$'],
  e2e: ['--maxWorkers', '2', '--testPathPatterns', '(?<!\\.cluster|real-node|smoke|schedules|storm|secured)\\.e2e\\.test\\.ts$'],
  slow: ['--maxWorkers', '2', '--testPathPatterns', '(schedules|storm|secured)\\.e2e\\.test\\.ts$'],
  bench: ['--runInBand', '--testPathPatterns', 'bench/test/smoke\\.e2e\\.test\\.ts$'],
  cluster: ['--runInBand', '--testPathPatterns', '\\.cluster\\.(integration|e2e)\\.test\\.ts$'],
};

/** A node brings servers of its own, so it is started when the others are gone. */
const nodeTests: readonly string[] = ['--runInBand', '--testPathPatterns', 'real-node\\.e2e\\.test\\.ts$'];

/** They take a machine for minutes, so elsewhere they are run by name. */
const forCi: readonly PartName[] = ['slow', 'bench', 'chaos', 'cluster', 'node'];

/** Five minutes of it, with the seed of the first sixty that has the most kinds of faults; it brings servers of its own. */
const chaos: readonly string[] = ['run', '--silent', 'chaos', '--', '--minutes', '5', '--seed', '10'];

const isCi = process.env.CI === 'true';
const wanted = process.argv.slice(2);
if (wanted.includes('--help')) {
  process.stdout.write(
    `npm test [-- <part>…]\n\nParts: ${parts.join(', ')}; without one all, ${forCi.join(', ')} only with CI=true. README.md, "Develop", tells them.\n`,
  );
  process.exit(0);
}
const unknown = wanted.find(name => !(parts as readonly string[]).includes(name));
if (unknown !== undefined) {
  process.stderr.write(`"${unknown}" is no part of the tests, expected some of: ${parts.join(', ')}\n`);
  process.exit(2);
}
const chosen = parts.filter(part => (wanted.length === 0 ? isCi || !forCi.includes(part) : wanted.includes(part)));
const scratch = mkdtempSync(join(tmpdir(), 'tapeline-test-'));
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());

process.exitCode = await main().finally(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

async function main(): Promise<number> {
  const outcomes: Outcome[] = [];
  const needsServers = chosen.some(part => part in serverTests);
  const starting = needsServers ? startServers() : undefined;
  starting?.catch(() => undefined);
  try {
    if (chosen.includes('checks')) outcomes.push(...(await runChecks()));
    if (chosen.includes('unit'))
      outcomes.push(await runJest('unit', ['--maxWorkers', '4', '--testPathIgnorePatterns', '\\.(integration|e2e)\\.test\\.ts$'], {}));
    if (starting !== undefined) outcomes.push(...(await runWithServers(starting)));
  } finally {
    await (await starting?.catch(() => undefined))?.stop();
  }
  if (chosen.includes('chaos') && !stopping.signal.aborted) outcomes.push(await runChaos());
  if (chosen.includes('node') && !stopping.signal.aborted) outcomes.push(await runJest('node', nodeTests, {}));
  return report(outcomes);
}

async function runWithServers(starting: Promise<Servers>): Promise<Outcome[]> {
  const begun = performance.now();
  const servers = await starting.catch((error: unknown) => {
    process.stderr.write(`\n!!! ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  });
  if (servers === undefined && isCi)
    return [{ part: 'servers', passed: 0, failed: 1, skipped: 0, forgiven: 0, seconds: secondsSince(begun) }];
  if (servers === undefined) process.stderr.write('!!! the tests that need Kafka or Cassandra are SKIPPED; in CI this is a failure\n\n');
  const environment = servers?.environment ?? {};
  const outcomes: Outcome[] = [];
  for (const [part, options] of Object.entries(serverTests) as [PartName, readonly string[]][]) {
    if (chosen.includes(part) && !stopping.signal.aborted) outcomes.push(await runJest(part, options, environment));
  }
  return outcomes;
}

async function startServers(): Promise<Servers> {
  const { KAFKA_BROKERS, CASSANDRA_CONTACT_POINTS } = process.env;
  const logger = createLogger({ name: 'services', level: 'warn', secrets: [] });
  const signal = stopping.signal;
  const settled = await Promise.allSettled([
    KAFKA_BROKERS ? undefined : startKafka({ brokers: 1, directory: join(scratch, 'kafka'), logger, signal }),
    CASSANDRA_CONTACT_POINTS ? undefined : startCassandra({ directory: join(scratch, 'cassandra'), logger, signal }),
  ]);
  const [kafka, cassandra] = settled.map(result => (result.status === 'fulfilled' ? result.value : undefined));
  const stop = async (): Promise<void> => void (await Promise.all([kafka?.stop(), cassandra?.stop()]));
  const failure = settled.find(result => result.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  const environment: Record<string, string> = {};
  if (kafka !== undefined && 'brokers' in kafka) environment.KAFKA_BROKERS = kafka.brokers.join(',');
  if (cassandra !== undefined && 'contactPoints' in cassandra) environment.CASSANDRA_CONTACT_POINTS = cassandra.contactPoints.join(',');
  return { environment, stop };
}

async function runChecks(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const script of ['typecheck', 'lint', 'rules']) {
    const begun = performance.now();
    const status = await run('npm', ['run', '--silent', script], {});
    outcomes.push({
      part: script,
      passed: status === 0 ? 1 : 0,
      failed: status === 0 ? 0 : 1,
      skipped: 0,
      forgiven: 0,
      seconds: secondsSince(begun),
    });
  }
  return outcomes;
}

async function runChaos(): Promise<Outcome> {
  const begun = performance.now();
  const status = await run('npm', chaos, {});
  return {
    part: 'chaos',
    passed: status === 0 ? 1 : 0,
    failed: status === 0 ? 0 : 1,
    skipped: 0,
    forgiven: 0,
    seconds: secondsSince(begun),
  };
}

async function runJest(part: PartName, options: readonly string[], environment: Readonly<Record<string, string>>): Promise<Outcome> {
  const begun = performance.now();
  const file = join(scratch, `${part}.json`);
  // A test that failed half-way may leave something open: that is its failure, and no reason to wait for ever.
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--forceExit'];
  const status = await run(process.execPath, [...flags, '--json', '--outputFile', file, ...options], environment);
  if (!existsSync(file)) return { part, passed: 0, failed: 1, skipped: 0, forgiven: 0, seconds: secondsSince(begun) };
  const result = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, number>> & JestReport;
  const skipped = (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0);
  const failed = (result.numFailedTests ?? 0) + (result.numRuntimeErrorTestSuites ?? 0);
  const unexplained = status !== 0 && failed === 0 ? 1 : 0;
  return {
    part,
    passed: result.numPassedTests ?? 0,
    failed: failed + unexplained,
    skipped,
    forgiven: countForgiven(result),
    seconds: secondsSince(begun),
  };
}

/** Runs a command to its end. Jest reports on standard error, and its JSON would only clutter standard output. */
function run(command: string, options: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  if (stopping.signal.aborted) return Promise.resolve(1);
  const stdout = options.includes('--json') ? 'ignore' : 'inherit';
  const env = { ...process.env, TMPDIR: scratch, ...environment };
  // A group of its own: jest's workers and the programs that tests started end with it.
  const child = spawn(command, options, { stdio: ['ignore', stdout, 'inherit'], env, detached: true });
  const end = (): void => signalGroup(child.pid, 'SIGTERM');
  stopping.signal.addEventListener('abort', end);
  return new Promise(resolve =>
    child.on('close', code => {
      stopping.signal.removeEventListener('abort', end);
      signalGroup(child.pid, 'SIGKILL');
      resolve(code ?? 1);
    }),
  );
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // Nobody is left in it.
  }
}

function report(outcomes: readonly Outcome[]): number {
  const sum = (pick: (outcome: Outcome) => number): number => outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  process.stdout.write('\npart          passed  failed  skipped  seconds\n');
  for (const { part, passed, failed, skipped, seconds } of outcomes) {
    const numbers = [passed, failed, skipped].map((count, index) => String(count).padStart(index === 0 ? 6 : 8));
    process.stdout.write(`${part.padEnd(14)}${numbers.join('')}${seconds.toFixed(1).padStart(10)}\n`);
  }
  const [passed, failed, skipped] = [sum(outcome => outcome.passed), sum(outcome => outcome.failed), sum(outcome => outcome.skipped)];
  const forgiven = sum(outcome => outcome.forgiven);
  const unforgiven = isCi ? skipped - forgiven : 0;
  const isRed = failed > 0 || passed + forgiven === 0 || unforgiven > 0 || stopping.signal.aborted;
  if (unforgiven > 0) process.stdout.write(`\n${unforgiven} tests were skipped, which is a failure in CI\n`);
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  return isRed ? 1 : 0;
}

function secondsSince(begunMs: number): number {
  return (performance.now() - begunMs) / 1_000;
}
