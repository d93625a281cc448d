/** What the settings say of processing, the same for whoever processes: a processor, a rebuild, the process that is everything. */
import type { Configuration } from '@tapeline/core/configuration';
import type { StreamProcessorOptions } from './stream-processor.ts';

export type ProcessingSettings = Required<
  Pick<StreamProcessorOptions, 'group' | 'intervals' | 'allowedLatenessMs' | 'correctionHorizonMs' | 'snapshotIntervalMs' | 'storeTicks'>
>;

export function processingSettings(configuration: Configuration): ProcessingSettings {
  return {
    group: configuration.KAFKA_GROUP,
    intervals: configuration.BAR_INTERVALS,
    allowedLatenessMs: configuration.ALLOWED_LATENESS_MS,
    correctionHorizonMs: configuration.CORRECTION_HORIZON_MS,
    snapshotIntervalMs: configuration.SNAPSHOT_INTERVAL_MS,
    storeTicks: configuration.STORE_TICKS,
  };
}
