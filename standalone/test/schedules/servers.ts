/** The servers that all schedules share: three brokers, and a Cassandra whose answered writes survive a kill. */
import { join } from 'node:path';
import { createLogger } from '@tapeline/core/logging';
import { type StartedCassandra, startCassandra } from '@tapeline/services/cassandra';
import { type StartedKafka, startKafka } from '@tapeline/services/kafka';

export interface Servers {
  readonly kafka: StartedKafka;
  readonly cassandra: StartedCassandra;
  stop(): Promise<void>;
}

/** Their state goes to `directory`; they end with this process, even when it is killed. */
export async function startServers(directory: string): Promise<Servers> {
  const logger = createLogger({ name: 'services', level: 'warn', secrets: [] });
  const starting = [
    startKafka({ brokers: 3, directory: join(directory, 'kafka'), heapMb: 384, logger }),
    startCassandra({ directory: join(directory, 'cassandra'), durability: 'synced', logger }),
  ] as const;
  try {
    const [kafka, cassandra] = await Promise.all(starting);
    return { kafka, cassandra, stop: async () => void (await Promise.all([kafka.stop(), cassandra.stop()])) };
  } catch (error) {
    for (const result of await Promise.allSettled(starting)) if (result.status === 'fulfilled') await result.value.stop();
    throw error;
  }
}
