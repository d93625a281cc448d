/** Brings the configured store up to date, every generation of it: processors and readers work in the one that serves, and may go back to another. */
import type { Configuration } from '@tapeline/core/configuration';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { giveRightsAsMigrator } from './configured-roles.ts';
import { openConfiguredGenerations, openConfiguredStore } from './configured-store.ts';
import { firstGeneration, type Generations } from './generations.ts';

export interface MigrateOptions {
  /** Also makes the tables of the next generation, which a rebuild then fills without a right to make any. @default false */
  readonly spare?: boolean;
}

/** @throws PipelineError what `MarketStore.migrate` throws, for the first generation that cannot be brought up. */
export async function migrateGenerations(
  configuration: Configuration,
  logger: Logger,
  { spare = false }: MigrateOptions = {},
): Promise<void> {
  // The first one's place holds the notes about the others, and what jobs keep.
  await migrateGeneration(configuration, logger, firstGeneration);
  const generations = openConfiguredGenerations(configuration, logger);
  try {
    await prepareNotes(configuration, generations);
    const known = await generations.list();
    for (const { generation, state } of known) {
      if (generation !== firstGeneration && state !== 'dropped') await migrateGeneration(configuration, logger, generation);
    }
    if (spare) await migrateGeneration(configuration, logger, Math.max(...known.map(({ generation }) => generation)) + 1);
  } finally {
    await generations.close();
  }
  await giveRightsAsMigrator(configuration, logger);
}

/** Made here on Cassandra, where a rebuild may have no right to make tables; it is given the right to write them. */
async function prepareNotes({ CASSANDRA_CONTACT_POINTS: points }: Configuration, generations: Generations): Promise<void> {
  if (points !== undefined) await generations.prepare();
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
