/** Brings the configured store up to date, every generation of it: processors and readers work in the one that serves, and may go back to another. */
import type { Configuration } from '@tapeline/core/configuration';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { openConfiguredGenerations, openConfiguredStore } from './configured-store.ts';
import { firstGeneration } from './generations.ts';

/** @throws PipelineError what `MarketStore.migrate` throws, for the first generation that cannot be brought up. */
export async function migrateGenerations(configuration: Configuration, logger: Logger): Promise<void> {
  // The first one's place holds the notes about the others, and what jobs keep.
  await migrateGeneration(configuration, logger, firstGeneration);
  const generations = openConfiguredGenerations(configuration, logger);
  try {
    for (const { generation, state } of await generations.list()) {
      if (generation !== firstGeneration && state !== 'dropped') await migrateGeneration(configuration, logger, generation);
    }
  } finally {
    await generations.close();
  }
}

async function migrateGeneration(configuration: Configuration, logger: Logger, generation: number): Promise<void> {
  const store = openConfiguredStore(configuration, { logger, registry: new Registry(), generation });
  try {
    await store.migrate();
    await store.ready();
  } finally {
    await store.close();
  }
}
