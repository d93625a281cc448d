/** The servers of a measurement: those that are named, or some of our own that keep their data from one run to the next. */
import { join } from 'node:path';
import { startCassandra } from '@tapeline/services/cassandra';
import { startKafka } from '@tapeline/services/kafka';
import type { Logger } from 'pino';

export interface BenchServerOptions {
  /** Holds the data of the servers that are started. */
  readonly directory: string;
  /** `KAFKA_BROKERS`, `CASSANDRA_CONTACT_POINTS`. */
  readonly named: { readonly brokers?: string | undefined; readonly contactPoints?: string | undefined };
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Starts each of them when it is first asked for. */
export class BenchServers {
  readonly #options: BenchServerOptions;
  #kafka: Promise<{ readonly brokers: readonly string[]; stop?(): Promise<void> }> | undefined;
  #cassandra: Promise<{ readonly contactPoints: readonly string[]; stop?(): Promise<void> }> | undefined;

  constructor(options: BenchServerOptions) {
    this.#options = options;
  }

  /** @throws PipelineError `services.unavailable` with the remedy. */
  async brokers(): Promise<readonly string[]> {
    const { named, directory, logger, signal } = this.#options;
    this.#kafka ??=
      named.brokers === undefined
        ? startKafka({ brokers: 1, directory: join(directory, 'kafka'), adopt: true, heapMb: 1_024, logger, signal })
        : Promise.resolve({ brokers: named.brokers.split(',') });
    return (await this.#kafka).brokers;
  }

  /** @throws PipelineError `services.unavailable` with the remedy. */
  async contactPoints(): Promise<readonly string[]> {
    const { named, directory, logger, signal } = this.#options;
    this.#cassandra ??=
      named.contactPoints === undefined
        ? startCassandra({ directory: join(directory, 'cassandra'), adopt: true, heapMb: 1_024, logger, signal })
        : Promise.resolve({ contactPoints: named.contactPoints.split(',') });
    return (await this.#cassandra).contactPoints;
  }

  async stop(): Promise<void> {
    const started = await Promise.allSettled([this.#kafka, this.#cassandra]);
    await Promise.all(started.map(result => (result.status === 'fulfilled' ? result.value?.stop?.() : undefined)));
  }
}
