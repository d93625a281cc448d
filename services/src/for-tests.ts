/**
 * This file gives integration tests their servers: those that `KAFKA_BROKERS` and `CASSANDRA_CONTACT_POINTS` name.
 *
 * `npm test` starts them once and sets the two variables for jest. Without them a test is skipped, loudly; in CI it fails, for
 * there a skipped test is a lie. Only what this repository cannot bring itself is forgiven there (`forgiven-skips.ts`).
 */

import { describe, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { forgivenSkip } from './forgiven-skips.ts';
import { missingKubernetesTools } from './kubernetes-tools.ts';

export interface TestKafka {
  /** `host:port` of each broker. */
  readonly brokers: readonly string[];
}

export interface TestCassandra {
  /** `host:port` of each node. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
}

type Variable = 'KAFKA_BROKERS' | 'CASSANDRA_CONTACT_POINTS';

/**
 * Shared with the other tests of the run: use topics of your own names.
 *
 * @throws PipelineError `services.unavailable` with the remedy
 */
function testKafka(): TestKafka {
  return { brokers: addresses('KAFKA_BROKERS') };
}

/**
 * Shared with the other tests of the run: use a keyspace of your own.
 *
 * @throws PipelineError `services.unavailable` with the remedy
 */
function testCassandra(): TestCassandra {
  return { contactPoints: addresses('CASSANDRA_CONTACT_POINTS'), localDataCenter: process.env.CASSANDRA_LOCAL_DATACENTER ?? 'datacenter1' };
}

/** A `describe` that needs Kafka. */
export function describeWithKafka(name: string, tests: (kafka: TestKafka) => void): void {
  describeWith('KAFKA_BROKERS', name, () => tests(testKafka()));
}

/** A `describe` that needs Cassandra. */
export function describeWithCassandra(name: string, tests: (cassandra: TestCassandra) => void): void {
  describeWith('CASSANDRA_CONTACT_POINTS', name, () => tests(testCassandra()));
}

/** A `describe` that needs both. */
export function describeWithServers(name: string, tests: (kafka: TestKafka, cassandra: TestCassandra) => void): void {
  const missing = process.env.KAFKA_BROKERS ? 'CASSANDRA_CONTACT_POINTS' : 'KAFKA_BROKERS';
  describeWith(missing, name, () => tests(testKafka(), testCassandra()));
}

/** A `describe` that needs a Kubernetes control plane, which its tests start by `startControlPlane`. */
export function describeWithControlPlane(name: string, tests: () => void): void {
  describeUnless(missingKubernetesTools(), name, tests);
}

function describeWith(variable: Variable, name: string, tests: () => void): void {
  describeUnless(process.env[variable] ? undefined : missingServer(variable), name, tests);
}

/**
 * A `describe` that is skipped loudly when something it needs is missing, and fails for that reason in CI.
 *
 * The shared folder is no part of this repository, so its absence is forgiven, in CI too.
 */
export function describeUnless(missing: PipelineError | undefined, name: string, tests: () => void): void {
  if (missing === undefined) describe(name, tests);
  else if (missing.fields.isForgiven === true || !inCi()) describeSkipped(name, missing.message);
  else
    describe(name, () => {
      it('has what it needs', () => {
        throw missing;
      });
    });
}

/** A `describe` that says why it does not run, and counts as one skipped test, which `npm test` forgives. */
export function describeSkipped(name: string, reason: string): void {
  process.stderr.write(`\nSKIPPED: ${name}: ${reason}\n\n`);
  describe(name, () => it.skip(`${forgivenSkip}${reason}`, () => undefined));
}

function addresses(variable: Variable): readonly string[] {
  const list = (process.env[variable] ?? '').split(',').map(address => address.trim());
  const named = list.filter(address => address !== '');
  if (named.length === 0) throw missingServer(variable);
  return named;
}

function missingServer(variable: Variable): PipelineError {
  const message =
    `${variable} is not set, so there is no server to test with; run the tests with npm test, ` +
    'or start servers for this shell: eval "$(npm run --silent tapeline -- services up)"';
  return new PipelineError('services.unavailable', message, { retriable: false });
}

function inCi(): boolean {
  const value = process.env.CI ?? '';
  return value !== '' && value !== '0' && value !== 'false';
}
