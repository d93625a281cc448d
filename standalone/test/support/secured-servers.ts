/** A Kafka and a Cassandra of a test's own that ask who is there: what `tapeline services up --secured` starts, ended with the test. */
import { join } from 'node:path';
import { PipelineError } from '@tapeline/core/errors';
import { startCassandra } from '@tapeline/services/cassandra';
import type { SecuredServers } from '@tapeline/services/command';
import { readEnvironment } from '@tapeline/services/environment';
import { findJava } from '@tapeline/services/java';
import { startKafka } from '@tapeline/services/kafka';
import { openSecurity } from '@tapeline/services/security';
import { pino } from 'pino';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { securing, settingsOfProcess } from '../../src/secured-services.ts';

type Environment = Readonly<Record<string, string>>;

export interface OwnSecuredServers extends AsyncDisposable {
  /** For the test's own files. */
  readonly folder: string;
  /** How that process connects, and as whom. @param environment names a pipeline of its own */
  settings(process: string, environment?: Environment): Promise<Environment>;
  /** Gives the users their rights to that pipeline. @returns what the administrator is told */
  prepare(environment: Environment): Promise<readonly string[]>;
  /** What the administrator is told. */
  readonly lines: readonly string[];
}

/** Java 17, which both run on. */
export async function missingJava(): Promise<PipelineError | undefined> {
  try {
    await findJava({ server: 'cassandra', minimum: 17, maximum: 17, variable: 'CASSANDRA_CONTACT_POINTS' }, readEnvironment());
    return undefined;
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

export async function startSecuredServers(): Promise<OwnSecuredServers> {
  const folder = temporaryFolder('secured');
  const logger = pino({ level: 'silent' });
  const security = await openSecurity(join(folder, 'security'));
  const started = await Promise.allSettled([
    startKafka({ brokers: 1, directory: join(folder, 'kafka'), secured: { security, users: securing({}).kafkaUsers } }),
    startCassandra({ directory: join(folder, 'cassandra'), secured: security }),
  ]);
  const [kafka, cassandra] = started;
  const end = async () => {
    await Promise.all(started.map(result => (result.status === 'fulfilled' ? result.value.stop() : undefined)));
  };
  try {
    if (kafka.status === 'rejected') throw kafka.reason;
    if (cassandra.status === 'rejected') throw cassandra.reason;
    const { brokers } = kafka.value;
    const up = { brokers, contactPoints: cassandra.value.contactPoints };
    const servers: SecuredServers = { security, ...up, known: up, logger };
    const prepare = (environment: Environment) => securing(environment).prepare(servers);
    const settings = (process: string, environment = {}) => settingsOfProcess({ ...servers, environment }, process);
    return { folder, lines: await prepare({}), prepare, settings, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
