/** The servers of a measurement: those that are named, or some of our own that keep their data from one run to the next. */
import { join } from 'node:path';
import { startCassandra } from '@tapeline/services/cassandra';
import { startKafka } from '@tapeline/services/kafka';
import type { RunningNode } from '@tapeline/services/server-node';
import type { Logger } from 'pino';

export interface BenchServerOptions {
  /** Holds the data of the servers that are started. */
  readonly directory: string;
  /** `KAFKA_BROKERS`, `CASSANDRA_CONTACT_POINTS`. */
  readonly named: { readonly brokers?: string | undefined; readonly contactPoints?: string | undefined };
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

interface Started {
  readonly nodes?: readonly RunningNode[];
  stop?(): Promise<void>;
}

/** As Kafka's own start script gives it. */
const heap = { heapMb: 1_024, wholeHeap: true } as const;

/** Starts each of them when it is first asked for. */
export class BenchServers {
  readonly #options: BenchServerOptions;
  #kafka: Promise<Started & { readonly brokers: readonly string[] }> | undefined;
  #cassandra: Promise<Started & { readonly contactPoints: readonly string[] }> | undefined;

  constructor(options: BenchServerOptions) {
    this.#options = options;
  }

  /** @throws PipelineError `services.unavailable` with the remedy. */
  async brokers(): Promise<readonly string[]> {
    const { named, directory, logger, signal } = this.#options;
    this.#kafka ??=
      named.brokers === undefined
        ? startKafka({ brokers: 1, directory: join(directory, 'kafka'), adopt: true, ...heap, logger, signal })
        : Promise.resolve({ brokers: named.brokers.split(',') });
    return (await this.#kafka).brokers;
  }

  /** @throws PipelineError `services.unavailable` with the remedy. */
  async contactPoints(): Promise<readonly string[]> {
    const { named, directory, logger, signal } = this.#options;
    this.#cassandra ??=
      named.contactPoints === undefined
        ? startCassandra({ directory: join(directory, 'cassandra'), adopt: true, ...heap, logger, signal })
        : Promise.resolve({ contactPoints: named.contactPoints.split(',') });
    return (await this.#cassandra).contactPoints;
  }

  /** Of those that were started here: of servers that are named nobody knows. */
  async processes(): Promise<readonly { readonly name: string; readonly pid: number }[]> {
    const pidsOf = async (name: string, started: Promise<Started> | undefined) =>
      ((await started)?.nodes ?? []).flatMap(({ pid }) => (pid === undefined ? [] : [{ name, pid }]));
    return [...(await pidsOf('Kafka', this.#kafka)), ...(await pidsOf('Cassandra', this.#cassandra))];
  }

  /** Where those that were started here keep their data, by name. */
  get folders(): Readonly<Record<string, string>> {
    const { named, directory } = this.#options;
    return {
      ...(named.brokers === undefined ? { Kafka: join(directory, 'kafka') } : {}),
      ...(named.contactPoints === undefined ? { Cassandra: join(directory, 'cassandra') } : {}),
    };
  }

  async stop(): Promise<void> {
    const started = await Promise.allSettled([this.#kafka, this.#cassandra]);
    await Promise.all(started.map(result => (result.status === 'fulfilled' ? result.value?.stop?.() : undefined)));
  }
}
